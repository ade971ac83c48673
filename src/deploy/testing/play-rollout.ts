/** Rollouts on fake fleets, for the tests of the executor: what each host was told, and what it runs at the end. */

import type { ProteusEvent } from '../../events/event.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import type { DeployPlan, RolloutPolicy } from '../deploy-plan.ts';
import { defaultPolicy } from '../rollout/default-policy.ts';
import { type ExecuteOptions, executeRollout } from '../rollout/execute-rollout.ts';
import { type FakeBehaviour, type FakeFleet, fakeFleet } from './fake-fleet.ts';
import { type MemoryJournal, memoryJournal, plannedEntry } from './memory-journal.ts';
import { plannedHost, planOf } from './plan-of.ts';

export const fresh = parseStorePath(`/nix/store/${'1'.repeat(32)}-system-new`);

/** Hosts that are to run `fresh`, by the default policy unless said otherwise. */
export function plan(
  names: readonly string[],
  change: Partial<Omit<DeployPlan, 'policy'>> & { readonly policy?: Partial<RolloutPolicy> } = {},
): DeployPlan {
  const hosts = names.map((name) => plannedHost({ name, target: { host: name }, toplevel: fresh }));
  const { action = 'switch', policy, ...rest } = change;
  return planOf(action, hosts, { ...rest, policy: { ...defaultPolicy, ...policy } });
}

export interface Played {
  readonly fleet: FakeFleet;
  readonly journal: MemoryJournal;
  readonly events: readonly ProteusEvent[];
  readonly end: ReturnType<typeof executeRollout>;
}

/** Executes a plan on a fake fleet that behaves so, or on one that is there already. */
export function play(
  it: DeployPlan,
  behaviour: FakeBehaviour &
    Partial<ExecuteOptions> & { readonly fleet?: FakeFleet; readonly journal?: MemoryJournal } = {},
): Played {
  const events: ProteusEvent[] = [];
  const fleet =
    behaviour.fleet ??
    fakeFleet(
      it.hosts.map(({ name }) => name),
      behaviour,
    );
  const journal = behaviour.journal ?? memoryJournal([plannedEntry(it)]);
  const end = executeRollout(journal, {
    openSteps: fleet.open,
    emit: (event) => events.push(event),
    signal: new AbortController().signal,
    by: 'somebody',
    ...behaviour,
  });
  return { fleet, journal, events, end };
}

export const stepsOf = ({ journal }: Played, name: string) =>
  journal.written.flatMap((entry) => (entry.type === 'step' && entry.host === name ? [entry.step] : []));
export const effects = ({ fleet }: Played, name: string) => fleet.hosts.get(name)?.effects;
export const current = ({ fleet }: Played, name: string) => fleet.hosts.get(name)?.current;
export const failing = (host: string, step: string, code: AppError['code'] = 'deploy.failed') => ({
  fail: (name: string, at: string) => {
    if (name === host && at === step) throw new AppError(code, `${host}: no luck`);
  },
});
