/** What would change on hosts: each is asked what it runs, and its closure is compared with that of another system. */

import type { PlannedHost } from '../../deploy/deploy-plan.ts';
import { type ClosurePath, diffClosures } from '../../deploy/diff/diff-closures.ts';
import { diffUnits } from '../../deploy/diff/diff-units.ts';
import { openHostSession } from '../../deploy/session/open-host-session.ts';
import type { StorePath } from '../../nix/store-path.ts';
import type { SshSettings } from '../../process/ssh.ts';
import { queryClosure } from '../../store/query-closure.ts';
import { AppError } from '../../util/app-error.ts';
import { createLimiter } from '../../util/create-limiter.ts';
import type { SystemDiff } from './render-diff.ts';

export interface DiffedHost extends Pick<PlannedHost, 'name' | 'target'> {
  readonly toplevel: StorePath;
}

const atOnce = 16;
const deadlineMs = 120_000;

/** In the order of the hosts; `fault` instead where one could not be asked. `closureOf`: of the new systems. */
export async function diffHosts(
  hosts: readonly DiffedHost[],
  options: {
    readonly ssh: SshSettings;
    readonly signal: AbortSignal;
    readonly closureOf: (path: StorePath) => Promise<readonly ClosurePath[]>;
  },
): Promise<readonly (SystemDiff | { readonly name: string; readonly fault: unknown })[]> {
  const limit = createLimiter(atOnce);
  const one = async (host: DiffedHost): Promise<SystemDiff> => {
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(deadlineMs)]);
    await using session = await openHostSession(host, { ssh: options.ssh, signal });
    const { current } = session.facts;
    if (current === undefined)
      throw new AppError('deploy.host-answer', `${host.name} does not say what it runs`);
    const [before, after] = await Promise.all([
      queryClosure(session.store, [current], { signal }),
      options.closureOf(host.toplevel),
    ]);
    const there = await session.store.queryValidPaths(
      after.map(({ path }) => path),
      { signal },
    );
    const lacking = after.filter(({ path }) => !there.has(path));
    return {
      name: host.name,
      before: current,
      after: host.toplevel,
      ...diffClosures(before, after),
      copy: { paths: lacking.length, bytes: lacking.reduce((sum, { narSize }) => sum + narSize, 0) },
      units: await diffUnits(current, host.toplevel),
    };
  };
  return Promise.all(
    hosts.map((host) =>
      limit(() => one(host)).catch((fault: unknown) => {
        if (options.signal.aborted) throw fault;
        return { name: host.name, fault };
      }),
    ),
  );
}
