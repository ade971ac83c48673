/**
 * Uploads paths that a cache does not have yet. It is asked once what is missing; the files are packed and put several
 * at a time; and as soon as everything at the beginning of the line is there, that is made part of the cache. What a path
 * refers to stands before it in the line, so whatever was published when it ends, in any way, is whole and stays; the
 * next time only the rest is sent.
 */

import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Emit } from '../../events/event.ts';
import { parseHash } from '../../nix/hash.ts';
import { printNarInfo } from '../../nix/print-narinfo.ts';
import { storePathHash } from '../../nix/store-path.ts';
import type { PathInfo } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import { narName } from '../upload/parse-upload-url.ts';
import type { CacheClient } from './cache-client.ts';
import { type PackedNar, packNar } from './pack-nar.ts';

export interface PushDeps {
  readonly client: CacheClient;
  /** The NAR of a path, known to be right when it ends. */
  readonly nar: (info: PathInfo) => AsyncIterable<Uint8Array>;
  /** A folder for files on their way. */
  readonly folder: string;
  /** Files packed and put at a time. */
  readonly atOnce: number;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

export interface PushResult {
  /** What was sent; bytes are those of the NARs. */
  readonly paths: number;
  readonly bytes: number;
  readonly alreadyThere: number;
}

/** Published in one request. */
const maxBatch = 500;

/** `infos`: a closure, what is referred to first. Throws what the cache refuses, and what reading the NARs throws. */
export async function pushPaths(infos: readonly PathInfo[], deps: PushDeps): Promise<PushResult> {
  const { client, emit, signal } = deps;
  const began = performance.now();
  const missing = await client.missing(infos.map((info) => storePathHash(info.path)));
  const line = infos.filter((info) => missing.has(storePathHash(info.path)));
  const total = { paths: line.length, bytes: line.reduce((sum, info) => sum + info.narSize, 0) };
  const result = { ...total, alreadyThere: infos.length - line.length };
  if (line.length === 0) return result;
  emit({ type: 'copy.started', to: client.url, ...total });
  await send(line, deps);
  signal.throwIfAborted();
  emit({ type: 'copy.done', to: client.url, ...total, durationMs: performance.now() - began });
  return result;
}

async function send(line: readonly PathInfo[], deps: PushDeps): Promise<void> {
  const { client, emit } = deps;
  const over = new AbortController();
  const signal = AbortSignal.any([deps.signal, over.signal]);
  const ready: (string | undefined)[] = line.map(() => undefined);
  let next = 0;
  let published = 0;
  let bytes = 0;
  let publishing = Promise.resolve();

  /** Publishes what is ready at the beginning of the line, one batch after another. */
  const publish = async (): Promise<void> => {
    while (published < line.length && !signal.aborted) {
      const gap = ready.indexOf(undefined, published);
      const end = Math.min(gap === -1 ? line.length : gap, published + maxBatch);
      if (end === published) return;
      await client.publish(ready.slice(published, end).filter((text) => text !== undefined));
      bytes += line.slice(published, end).reduce((sum, info) => sum + info.narSize, 0);
      published = end;
      emit({ type: 'copy.progress', to: client.url, paths: published, bytes });
    }
  };
  const work = async (): Promise<void> => {
    while (next < line.length && !signal.aborted) {
      const at = next++;
      const info = line[at];
      if (info === undefined) return;
      ready[at] = await sendFile(info, at, { ...deps, signal });
      publishing = publishing.then(publish);
      // It is waited for at the end; until then its failure is what ends the others.
      publishing.catch(() => over.abort());
    }
  };
  const results = await Promise.allSettled(
    Array.from({ length: Math.min(deps.atOnce, line.length) }, () =>
      work().catch((error: unknown) => {
        over.abort();
        throw error;
      }),
    ),
  );
  const ended = await Promise.allSettled([publishing]);
  // What ended first is the reason; what was only interrupted by it says nothing.
  const errors = [...ended, ...results].flatMap((one) =>
    one.status === 'rejected' ? [one.reason as unknown] : [],
  );
  const reason = errors.find(
    (error) => !(error instanceof AppError && error.code === 'interrupted') && !isAbort(error),
  );
  if (deps.signal.aborted)
    throw new AppError('interrupted', `interrupted: uploading to ${client.url}`, { cause: reason });
  if (errors.length > 0) throw reason ?? errors[0];
}

/** The narinfo to publish, once its file is there. */
async function sendFile(info: PathInfo, at: number, deps: PushDeps): Promise<string> {
  const file = path.join(deps.folder, `${at}.nar.zst`);
  try {
    const packed = await packNar(deps.nar(info), info.narSize, file, deps.signal);
    const name = narName(packed.fileHash, 'zstd');
    await deps.client.putNar(name, file);
    return narInfoText(info, name, packed);
  } finally {
    await rm(file, { force: true });
  }
}

function narInfoText(info: PathInfo, url: string, { fileHash, fileSize }: PackedNar): string {
  return printNarInfo({
    storePath: info.path,
    url,
    compression: 'zstd',
    fileHash: parseHash(fileHash, 'sha256'),
    fileSize,
    narHash: parseHash(info.narHash, 'sha256'),
    narSize: info.narSize,
    references: info.references,
    deriver: info.deriver,
    signatures: info.signatures,
    contentAddress: info.contentAddress || undefined,
  });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
