/** The rollouts of a server, tied to the rest of it. */

import { randomBytes } from 'node:crypto';
import type { Database } from '../../db/database.ts';
import type { ServerEvent } from '../../events/event.ts';
import { encodeBase32 } from '../../nix/base32.ts';
import type { StorePath } from '../../nix/store-path.ts';
import type { Store } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import type { RolloutOptions } from '../ci-options.ts';
import type { GcRoots } from '../retention/gc-roots.ts';
import { createRollouts, type ServerRollouts } from './create-rollouts.ts';
import { planFleet } from './plan-fleet.ts';
import { type RunDeps, runRollout } from './run-rollout.ts';

export interface OpenRolloutsDeps extends Pick<RunDeps, 'logDirectory' | 'logs' | 'now'> {
  readonly database: Database;
  readonly store: Pick<Store, 'leaseTempRoots'>;
  readonly roots: Pick<GcRoots, 'ensure'>;
  readonly options: RolloutOptions | undefined;
  readonly emit: (event: ServerEvent) => void;
  readonly signal: AbortSignal;
}

/** Shorter than what service managers give a service to end. */
const graceMs = 30_000;

export function openRollouts(deps: OpenRolloutsDeps): ServerRollouts {
  const { database, store, roots, options, emit, now, signal } = deps;

  const bring = async (paths: readonly StorePath[], ending: AbortSignal): Promise<void> => {
    if (options === undefined)
      throw new AppError('rollout.state', 'this server has no way to reach hosts: nothing can be rolled out');
    // From before they are there until their roots are.
    await using _lease = await store.leaseTempRoots(paths, { signal: ending });
    await options.restore(paths, ending);
    await roots.ensure(paths);
  };

  return createRollouts({
    database,
    plan: (request) =>
      planFleet(request, {
        database,
        secretsFolder: options?.secretsFolder,
        defaultUser: options?.defaultUser,
      }),
    run: (rollout, run) =>
      runRollout(rollout, run, {
        database,
        openSteps: (plan, tell) =>
          options === undefined ? Promise.reject(new TypeError('no way')) : options.openSteps(plan, tell),
        bring,
        logDirectory: deps.logDirectory,
        logs: deps.logs,
        emit,
        now,
        graceMs,
      }),
    emit,
    randomWord: () => encodeBase32(randomBytes(4)),
    now,
    signal,
  });
}
