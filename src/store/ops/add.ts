/** Bringing content into a store. Source: libstore/daemon.cc, remote-store.cc, content-address.cc. */

import type { StorePath } from '../../nix/store-path.ts';
import type { FramedWriter } from '../framed-writer.ts';
import { type Request, readDone, readNothing } from '../request.ts';
import type { AddOptions, IncomingPath, NewContent } from '../store.ts';
import { readStorePath, readUnkeyedPathInfo, writePathInfo } from './path-info.ts';

type Checks = Pick<AddOptions, 'withoutSignatureCheck' | 'repair'>;

/** How content becomes a path, in the protocol's words. */
const methods = { text: 'text:sha256', flat: 'fixed:sha256', nar: 'fixed:r:sha256' } as const;

/** From this minor version on `addMultipleToStore` can be used. */
export const safeImport = 37;

export function addToStore(content: NewContent, repair: boolean): Request<StorePath> {
  return {
    op: 7,
    what: `adding ${content.name}`,
    write: (encoder) => {
      encoder.string(content.name).string(methods[content.method]).strings(content.references).bool(repair);
    },
    frames: async (framed) => {
      if (content.content instanceof Uint8Array) await framed.send(content.content);
      else await sendAll(framed, content.content);
    },
    read: async (reader) => {
      const path = await readStorePath(reader);
      await readUnkeyedPathInfo(reader, path);
      return path;
    },
  };
}

export function addToStoreNar(incoming: IncomingPath, checks: Checks): Request<void> {
  return {
    op: 39,
    what: `adding ${incoming.info.path}`,
    write: (encoder) => {
      writePathInfo(encoder, incoming.info);
      encoder.bool(checks.repair ?? false).bool(checks.withoutSignatureCheck ?? false);
    },
    frames: (framed) => sendAll(framed, incoming.nar()),
    read: readNothing,
  };
}

/**
 * All in one stream: how many, then of each its path info and its NAR. Before Nix 2.18 (which cannot be told from
 * 2.15 by the protocol) a daemon did not read the NAR of a path that had become valid meanwhile, and took it for the
 * next path info: older ones are not asked.
 */
export function addMultipleToStore(paths: readonly IncomingPath[], checks: Checks): Request<void> {
  return {
    op: 44,
    since: safeImport,
    what: paths.length === 1 ? `adding ${paths[0]?.info.path}` : `adding ${paths.length} paths`,
    write: (encoder) => encoder.bool(checks.repair ?? false).bool(checks.withoutSignatureCheck ?? false),
    frames: async (framed) => {
      framed.u64(paths.length);
      for (const incoming of paths) {
        writePathInfo(framed, incoming.info);
        await sendAll(framed, incoming.nar());
      }
    },
    read: readNothing,
  };
}

export function addSignatures(path: StorePath, signatures: readonly string[]): Request<void> {
  return {
    op: 37,
    what: `adding signatures to ${path}`,
    write: (encoder) => encoder.string(path).strings(signatures),
    read: readDone,
  };
}

async function sendAll(framed: FramedWriter, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) await framed.send(chunk);
}
