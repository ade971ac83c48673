/**
 * What stores tell each other about paths. "Unkeyed" path info, of a path that is already known: deriver or `''`,
 * sha256 of the NAR in base 16, references, registration time, size of the NAR, whether it was built there,
 * signatures, content address or `''`. Source: libstore/path-info.cc, worker-protocol.cc.
 */

import { parseStorePath, type StorePath } from '../../nix/store-path.ts';
import { protocolError } from '../protocol-error.ts';
import type { Request } from '../request.ts';
import type { PathInfo } from '../store.ts';
import type { WireEncoder } from '../wire-encoder.ts';
import type { WireReader } from '../wire-reader.ts';

export function queryPathInfo(path: StorePath): Request<PathInfo | undefined> {
  return {
    op: 26,
    what: `looking up ${path}`,
    write: (encoder) => encoder.string(path),
    read: async (reader) => ((await reader.bool()) ? readUnkeyedPathInfo(reader, path) : undefined),
  };
}

export async function readUnkeyedPathInfo(reader: WireReader, path: StorePath): Promise<PathInfo> {
  const deriver = await readOptionalStorePath(reader);
  const narHash = (await reader.string()).replace(/^sha256:/, '');
  if (!/^[0-9a-f]{64}$/.test(narHash)) {
    throw protocolError(`${path} has the NAR hash ${JSON.stringify(narHash)}, which is no sha256 in base 16`);
  }
  const references = (await readStorePaths(reader)).sort();
  const registrationTime = await reader.u64();
  const narSize = await reader.u64();
  const ultimate = await reader.bool();
  const signatures = await reader.strings();
  const contentAddress = await reader.string();
  return {
    path,
    deriver,
    narHash,
    narSize,
    references,
    registrationTime,
    ultimate,
    signatures,
    contentAddress,
  };
}

/** All of it, the path first. */
export function writePathInfo(encoder: WireEncoder, info: PathInfo): void {
  encoder
    .string(info.path)
    .string(info.deriver ?? '')
    .string(info.narHash)
    .strings(info.references)
    .u64(info.registrationTime)
    .u64(info.narSize)
    .bool(info.ultimate)
    .strings(info.signatures)
    .string(info.contentAddress);
}

export async function readStorePath(reader: WireReader): Promise<StorePath> {
  return parseStorePath(await reader.string());
}

export async function readOptionalStorePath(reader: WireReader): Promise<StorePath | undefined> {
  const text = await reader.string();
  return text === '' ? undefined : parseStorePath(text);
}

export async function readStorePaths(reader: WireReader): Promise<StorePath[]> {
  return reader.list(() => readStorePath(reader));
}
