/**
 * Brings systems to many hosts: what their closures are is asked once, each host is asked once what it lacks, and what
 * several of them lack is read and packed once (`nar-blocks.ts`). Every host has its own connection and its own pace.
 *
 * A host is, one after the other: asked (its own substituters may fetch first), weighed (is there room), sent to. A path
 * that has arrived is valid from then on, so whoever is interrupted sends only the rest the next time. Both sides keep
 * all of the closure from their garbage collectors: we until the copier is disposed, a host until its session is.
 */

import type { Emit } from '../../events/event.ts';
import { type StorePath, storeDir } from '../../nix/store-path.ts';
import { copyPaths } from '../../store/copy-paths.ts';
import type { PathInfo, Store, StoreLog, TempRootLease } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import { unlessAborted } from '../../util/unless-aborted.ts';
import type { Copied, StepOptions } from '../rollout/host-steps.ts';
import type { HostSession } from '../session/host-session.ts';
import { checkSpace } from './check-space.ts';
import { createClosures } from './closures.ts';
import { createNarBlocks, type NarBlocks } from './nar-blocks.ts';
import { sendPaths } from './send-paths.ts';

export interface FleetCopierOptions {
  /** The local store, which holds all that is copied. */
  readonly store: Store;
  /** Bytes of memory for what several hosts want. */
  readonly keepBytes?: number | undefined;
}

export interface CopyRequest {
  readonly roots: readonly StorePath[];
  /** Let the host fetch what its own substituters have before anything is sent. */
  readonly substitute: boolean;
}

export type CopyOptions = StepOptions & { readonly emit: Emit };

export interface FleetCopier extends AsyncDisposable {
  /**
   * Throws `deploy.no-space` before anything is sent or when it runs out, `store.path-missing` and `store.corrupt` of
   * our own store, what the host's daemon says (`store.refused`), and what becomes of the connection.
   */
  copy(session: HostSession, request: CopyRequest, options: CopyOptions): Promise<Copied>;
  /** The closure of a path in our own store, of which most is known by then. Throws `store.path-missing`. */
  closureOf(path: StorePath): Promise<readonly PathInfo[]>;
  /** What was read once for all of them. */
  readonly counters: NarBlocks['counters'];
}

export function createFleetCopier({ store, keepBytes }: FleetCopierOptions): FleetCopier {
  const over = new AbortController();
  const closures = createClosures(store, over.signal);
  const blocks = createNarBlocks({ keepBytes });
  const leases = new Map<HostSession, Promise<TempRootLease>>();

  /** Paths that are not there yet are kept as well, from the moment when they are. */
  const protect = async (session: HostSession, paths: readonly StorePath[], signal: AbortSignal) => {
    const before = await leases.get(session)?.catch(() => undefined);
    // One that broke with its connection is replaced.
    const isKept = await before?.add(paths).then(
      () => true,
      () => false,
    );
    if (isKept) return;
    const opening = session.store.leaseTempRoots(paths, { signal });
    leases.set(session, opening);
    await opening.catch((error: unknown) => {
      leases.delete(session);
      throw error;
    });
  };

  return {
    closureOf: (path) => closures.closureOf([path]),
    counters: blocks.counters,
    async copy(session, { roots, substitute }, { signal, onLine, emit }) {
      const closure = await unlessAborted(closures.closureOf(roots), signal, 'asking what is to be copied');
      const paths = closure.map((info) => info.path);
      await protect(session, paths, signal);
      const onLog = (log: StoreLog): void => {
        if (log.type === 'text') onLine(log.text);
      };
      const present = new Set(await session.store.queryValidPaths(paths, { signal }));
      const lacking = paths.filter((path) => !present.has(path));
      const fetched = substitute
        ? await session.store.queryValidPaths(lacking, { signal, substitute: true, onLog })
        : new Set<StorePath>();
      const missing = closure.filter(({ path }) => !present.has(path) && !fetched.has(path));
      const total = { paths: missing.length, bytes: missing.reduce((sum, { narSize }) => sum + narSize, 0) };
      const result: Copied = { ...total, substituted: fetched.size };
      if (missing.length === 0) return result;
      await weigh(session, total, signal);

      const started = performance.now();
      const to = session.host.name;
      emit({ type: 'copy.started', to, ...total });
      try {
        if (store.filesAt === storeDir) {
          await sendPaths(session.store, missing, { blocks, signal, onLog, to, emit });
        } else {
          const exactly = missing.map((info) => info.path);
          const { store: there } = session;
          await copyPaths({
            from: store,
            to: there,
            roots: exactly,
            exactly: true,
            withoutSignatureCheck: true,
            signal,
          });
        }
      } catch (error) {
        throw explained(session.host.name, total, error);
      }
      emit({ type: 'copy.done', to, ...total, durationMs: performance.now() - started });
      return result;
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      blocks[Symbol.dispose]();
      const ends = [...leases.values()].map(async (lease) => (await lease)[Symbol.asyncDispose]());
      await Promise.allSettled([...ends, closures[Symbol.asyncDispose]()]);
    },
  };
}

/** What the host said of its disk when we came is good enough, unless it would not fit. */
async function weigh(
  session: HostSession,
  missing: { readonly bytes: number; readonly paths: number },
  signal: AbortSignal,
): Promise<void> {
  try {
    checkSpace(session.host.name, missing, session.facts.freeBytes);
  } catch {
    const { freeBytes } = await session.refresh({ signal });
    checkSpace(session.host.name, missing, freeBytes);
  }
}

function explained(host: string, total: Pick<Copied, 'paths'>, error: unknown): unknown {
  if (!(error instanceof AppError) || !error.message.includes('No space left on device')) return error;
  return new AppError(
    'deploy.no-space',
    `${host} ran out of space while it was sent ${total.paths} paths: ${error.message}`,
    { cause: error },
  );
}
