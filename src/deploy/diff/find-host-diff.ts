/**
 * What changes on a host, found out while a rollout works on it. Both closures are asked of the local store, which mostly
 * has them; what it does not have, such as the system of a host that somebody else deployed, is asked of the host. It takes
 * part in nothing: what cannot be had in time is said to be unknown.
 */

import type { StorePath } from '../../nix/store-path.ts';
import { queryClosure } from '../../store/query-closure.ts';
import { errorMessage } from '../../util/error-message.ts';
import { unlessAborted } from '../../util/unless-aborted.ts';
import type { HostSession } from '../session/host-session.ts';
import { type ClosurePath, diffClosures } from './diff-closures.ts';
import { diffUnits, type UnitDiff } from './diff-units.ts';
import type { ClosureChange, HostDiff } from './host-diff.ts';
import { readUnits, type Units } from './read-units.ts';
import { readUnitsOnHost } from './read-units-on-host.ts';

export interface HostDiffRequest {
  readonly before: StorePath | undefined;
  readonly after: StorePath;
  /** In the local store. Throws where it is not there. */
  readonly closureOf: (path: StorePath) => Promise<readonly ClosurePath[]>;
  /** The rollout is done bringing `after` to the host, which alone may have it, as when it builds it itself. */
  readonly arrival: Promise<void>;
  /** Fires when the rollout lets the host go: it is asked nothing more. */
  readonly gone: AbortSignal;
  /** Of a system here. Default: from the disk. */
  readonly unitsOf?: ((path: StorePath) => Promise<Units | undefined>) | undefined;
}

/** Longer than any host that works takes for it. */
const deadlineMs = 60_000;
/** More than a system ever changes: whoever says so is not believed, and not kept. */
const mostPackages = 20_000;

/** Throws only when the signal fires. */
export async function findHostDiff(
  session: Pick<HostSession, 'store' | 'run'>,
  { before, after, closureOf, arrival, gone, unitsOf = readUnits }: HostDiffRequest,
  options: { readonly signal: AbortSignal },
): Promise<HostDiff> {
  if (before === undefined) return { after, unknown: ['what it ran: it does not say'] };
  if (before !== after && !(await isThere(closureOf(after)))) {
    // Only so that nobody waits: that the host is let go is told by what is asked of it then.
    const over = AbortSignal.any([options.signal, gone]);
    await unlessAborted(arrival, over, 'waiting for the new system').catch(() => {});
  }
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(deadlineMs)]);
  const unknown: string[] = [];
  const orUnknown = async <T>(what: string, work: Promise<T>): Promise<T | undefined> => {
    try {
      return await unlessAborted(work, signal, `asking for ${what}`);
    } catch (error) {
      options.signal.throwIfAborted();
      unknown.push(`${what}: ${errorMessage(error).split('\n')[0] ?? ''}`);
      return undefined;
    }
  };
  const ofHost = async <T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const word = 'the host was let go before it had told';
    if (gone.aborted) throw new Error(word);
    return ask(AbortSignal.any([signal, gone])).catch((error: unknown) => {
      throw gone.aborted ? new Error(word, { cause: error }) : error;
    });
  };
  const closure = (path: StorePath): Promise<readonly ClosurePath[]> =>
    closureOf(path).catch(() => ofHost((end) => queryClosure(session.store, [path], { signal: end })));
  const units = async (path: StorePath): Promise<Units | undefined> =>
    (await unitsOf(path)) ?? (await ofHost((end) => readUnitsOnHost(session, path, { signal: end })));

  const [changes, changedUnits] = await Promise.all([
    orUnknown('packages', changesOf(before, after, closure)),
    orUnknown('units', unitsBetween(before, after, units)),
  ]);
  return { before, after, closure: changes, units: changedUnits, unknown };
}

async function isThere(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

async function changesOf(
  before: StorePath,
  after: StorePath,
  closure: (path: StorePath) => Promise<readonly ClosurePath[]>,
): Promise<ClosureChange> {
  const right = await closure(after);
  const left = before === after ? right : await closure(before);
  const { rebuilt, ...changes } = diffClosures(left, right);
  if (changes.packages.length > mostPackages)
    throw new RangeError(`${changes.packages.length} of them are said to change`);
  return { ...changes, rebuilt: rebuilt.length };
}

async function unitsBetween(
  before: StorePath,
  after: StorePath,
  units: (path: StorePath) => Promise<Units | undefined>,
): Promise<UnitDiff> {
  if (before === after) return { added: [], removed: [], changed: [] };
  const found = await diffUnits(before, after, units);
  if (found === undefined)
    throw new Error('neither this machine nor the host can read those of both systems');
  return found;
}
