/**
 * Lets a host keep its new system: its supervisor ends, and what it remembered of before is forgotten. Then it is looked
 * whether the host runs what it should: one that was changed meanwhile, or lies, is told.
 */

import type { StorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import type { StepOptions } from '../rollout/host-steps.ts';
import type { HostSession } from '../session/host-session.ts';
import { activationOutcome } from './activation-outcome.ts';
import { type ActivationState, hostVerb } from './host-verb.ts';
import { defaultPatienceMs, persist } from './persist.ts';

export interface KeepRequest {
  readonly rollout: string;
  readonly toplevel: StorePath;
  readonly patienceMs?: number | undefined;
}

/** Throws `deploy.not-confirmed` when it has gone back, `deploy.failed` when it does not run what it should. */
export async function keepHost(
  session: HostSession,
  { rollout, toplevel, patienceMs = defaultPatienceMs }: KeepRequest,
  options: StepOptions,
): Promise<void> {
  const { name } = session.host;
  const { signal } = options;
  const { state } = await persist(session, () => hostVerb(session, 'keep', rollout, [], { signal }), {
    ...options,
    patienceMs,
  });
  if (state.state === undefined) {
    throw new AppError('deploy.failed', `${name}: it knows nothing of an activation that could be kept`);
  }
  if (state.exit !== undefined || state.state !== 'kept') activationOutcome(name, state);
  await verify(session, state, toplevel, options);
}

async function verify(
  session: HostSession,
  state: ActivationState,
  toplevel: StorePath,
  { signal }: StepOptions,
): Promise<void> {
  const facts = await session.refresh({ signal });
  const expect = (what: string, got: StorePath | undefined): void => {
    if (got === toplevel) return;
    throw new AppError(
      'deploy.failed',
      `${session.host.name}: ${what} is ${got ?? 'missing'} instead of ${toplevel}, though its activation succeeded: ` +
        'somebody changed it meanwhile, or it does not tell the truth',
    );
  };
  const { action } = state;
  if ((action === 'switch' || action === 'test') && state.exit !== '100')
    expect('/run/current-system', facts.current);
  if (action === 'switch' || action === 'boot') expect('the system profile', facts.profile);
}
