/**
 * Copies a closure from one store to another, through memory only: the target is asked once what it has of it, and
 * gets the rest in one stream. NARs are read over several connections at once, or straight from disk where the source
 * is this machine's store, and checked as they pass.
 */

import type { Emit } from '../events/event.ts';
import type { StorePath } from '../nix/store-path.ts';
import { AppError } from '../util/app-error.ts';
import { dumpPath } from './dump-path.ts';
import { queryClosure } from './query-closure.ts';
import { readAhead } from './read-ahead.ts';
import { referencesFirst } from './references-first.ts';
import type { CallOptions, IncomingPath, PathInfo, Store, TempRootLease } from './store.ts';
import { verifyNar } from './verify-nar.ts';

export interface CopyOptions {
  readonly from: Store;
  readonly to: Store;
  readonly roots: readonly StorePath[];
  /** Only the roots themselves: the target has all that they refer to. */
  readonly exactly?: boolean | undefined;
  /** Let the target fetch from its own substituters first what they have. */
  readonly substitute?: boolean | undefined;
  /** Only a trusted user may. */
  readonly withoutSignatureCheck?: boolean | undefined;
  readonly emit?: Emit | undefined;
  /** What the target says while it fetches. */
  readonly onLog?: CallOptions['onLog'] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Keeps what is read from the source's garbage collector. Default: a lease of its own, which costs a connection. */
  readonly sourceLease?: Pick<TempRootLease, 'add'> | undefined;
  /** Signatures (`name:base64`) that a path gets on its way, beside those it has. */
  readonly extraSignatures?: ((info: PathInfo) => readonly string[]) | undefined;
}

/** What was sent; bytes are those of the NARs. */
export interface CopyResult {
  readonly paths: number;
  readonly bytes: number;
}

const sourceConnections = 2;
const readAheadBytes = 8 * 1024 * 1024;
/** Progress is told after so many bytes, and after every path. */
const progressBytes = 4 * 1024 * 1024;

/**
 * Copies `roots` with all that they refer to. Throws `store.path-missing` when the source lacks some of it,
 * `store.corrupt` when what it has is not what it says, and what either store says.
 */
export async function copyPaths(options: CopyOptions): Promise<CopyResult> {
  const { from, to, roots, signal } = options;
  const closure = options.exactly
    ? await queryExactly(from, roots, signal)
    : await queryClosure(from, roots, { signal });
  const present = await to.queryValidPaths(
    closure.map((info) => info.path),
    { signal, substitute: options.substitute ?? false, onLog: options.onLog },
  );
  const missing = closure.filter((info) => !present.has(info.path));
  const total = { paths: missing.length, bytes: missing.reduce((sum, info) => sum + info.narSize, 0) };
  if (missing.length > 0) await send(missing, total, options);
  return total;
}

async function queryExactly(
  from: Store,
  roots: readonly StorePath[],
  signal: AbortSignal | undefined,
): Promise<readonly PathInfo[]> {
  const infos = await from.queryPathInfos(roots, { signal });
  const absent = roots.find((root) => !infos.has(root));
  if (absent === undefined) return referencesFirst(infos.values());
  throw new AppError('store.path-missing', `${absent} is not valid in ${from.name}`);
}

async function send(missing: readonly PathInfo[], total: CopyResult, options: CopyOptions): Promise<void> {
  const { from, to, emit, signal } = options;
  const started = performance.now();
  emit?.({ type: 'copy.started', to: to.name, ...total });
  // Ends the reading when sending fails.
  const over = new AbortController();
  const reading = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  const paths = missing.map((info) => info.path);
  await options.sourceLease?.add(paths);
  await using _lease =
    options.sourceLease === undefined ? await from.leaseTempRoots(paths, { signal }) : null;
  const nars = openNars(from, missing, reading);
  const progress = progressTeller(to.name, emit);
  const incoming = missing.map((info, index): IncomingPath => {
    const source = nars.streams[index];
    if (source === undefined) throw new RangeError('a path without a stream');
    return {
      info: {
        ...info,
        // Built elsewhere, as seen from there.
        ultimate: false,
        signatures: [...new Set([...info.signatures, ...(options.extraSignatures?.(info) ?? [])])],
      },
      nar: () => progress(verifyNar(info, source())),
    };
  });
  try {
    await to.addMultipleToStore(incoming, {
      signal,
      withoutSignatureCheck: options.withoutSignatureCheck ?? false,
    });
  } catch (error) {
    if (signal?.aborted)
      throw new AppError('interrupted', `interrupted: copying to ${to.name}`, { cause: error });
    throw error;
  } finally {
    over.abort();
    nars.close();
  }
  emit?.({ type: 'copy.done', to: to.name, ...total, durationMs: performance.now() - started });
}

interface Nars {
  readonly streams: readonly (() => AsyncIterable<Uint8Array>)[];
  close(): void;
}

function openNars(from: Store, infos: readonly PathInfo[], signal: AbortSignal): Nars {
  const { filesAt } = from;
  if (filesAt === '/nix/store') {
    return { streams: infos.map((info) => () => fromDisk(info.path, signal)), close: () => {} };
  }
  return readAhead(
    infos.map((info) => () => from.narFromPath(info, { signal })),
    { streams: sourceConnections, bytesEach: readAheadBytes },
  );
}

async function* fromDisk(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of dumpPath(path)) {
    yield piece;
    if (signal.aborted) throw new AppError('interrupted', `interrupted: reading ${path}`);
  }
}

/** Counts what passes, and tells. */
function progressTeller(
  to: string,
  emit: Emit | undefined,
): (nar: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array> {
  let paths = 0;
  let bytes = 0;
  let told = 0;
  const tell = (): void => {
    told = bytes;
    emit?.({ type: 'copy.progress', to, paths, bytes });
  };
  return async function* (nar) {
    for await (const chunk of nar) {
      yield chunk;
      bytes += chunk.length;
      if (bytes - told >= progressBytes) tell();
    }
    paths += 1;
    tell();
  };
}
