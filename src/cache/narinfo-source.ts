/**
 * From what the store knows of a path to the signed narinfo that clients are told.
 *
 * Every narinfo carries a signature by each of our keys, whether the path was built here, copied in, fetched from
 * another cache or is content-addressed, and whether or not the key existed at that time: the signature is made
 * when the narinfo is, never looked up. Signatures that the path came with are passed on, so that a client that
 * trusts only their maker is content too; one that bears the name of a key of ours is replaced, since clients look
 * keys up by name and it may have been made with an earlier key of that name.
 */

import { hash } from 'node:crypto';
import { fingerprint } from '../nix/fingerprint.ts';
import { formatBareHash, type Hash, parseHash } from '../nix/hash.ts';
import { parseKeyText, signatureSize } from '../nix/key-text.ts';
import type { NarInfo } from '../nix/narinfo.ts';
import { printNarInfo } from '../nix/print-narinfo.ts';
import type { SecretKey } from '../nix/signing-key.ts';
import { storePathHash } from '../nix/store-path.ts';
import type { PathInfo } from '../store/store.ts';
import { datedResponse } from './hot/dated-response.ts';
import type { RenderedNarInfo } from './narinfo-cache.ts';
import type { ServedPath } from './path-source.ts';
import { narFileName } from './stored/nar-file.ts';

export const narInfoHeaders = {
  'Content-Type': 'text/x-nix-narinfo',
  'Cache-Control': 'public, max-age=86400',
} as const;

/** The narinfo of a path: with its stored NAR, else with one that is made on the fly. */
export function signedNarInfo(info: ServedPath, keys: readonly SecretKey[]): NarInfo {
  const narHash = parseHash(info.narHash, 'sha256');
  const { path: storePath, narSize, references, deriver } = info;
  const message = fingerprint({ path: storePath, narHash, narSize, references });
  return {
    storePath,
    ...whereNarIs(info, narHash),
    narHash,
    narSize,
    references,
    deriver,
    signatures: [...foreignSignatures(info, keys), ...keys.map((key) => key.sign(message))],
    contentAddress: info.contentAddress || undefined,
  };
}

/** The same as a response body; undefined for rows without hash or size, which no client could use. */
export function renderNarInfo(info: ServedPath, keys: readonly SecretKey[]): RenderedNarInfo | undefined {
  if (info.narSize === 0 || info.narHash === '') return undefined;
  const text = Buffer.from(printNarInfo(signedNarInfo(info, keys)));
  const etag = `"${hash('sha256', text, 'base64url').slice(0, 27)}"`;
  const response = datedResponse('200 OK', { ...narInfoHeaders, ETag: etag }, text);
  return { body: response.bytes.subarray(response.headLength), etag, response };
}

function whereNarIs(
  { path, narSize, stored }: ServedPath,
  narHash: Hash,
): Pick<NarInfo, 'url' | 'compression' | 'fileHash' | 'fileSize'> {
  if (stored !== undefined) {
    const { compression, fileSize } = stored;
    const fileHash = parseHash(stored.fileHash, 'sha256');
    return { url: `nar/${narFileName(stored)}`, compression, fileHash, fileSize };
  }
  const url = `nar/${storePathHash(path)}-${formatBareHash(narHash, 'nix32')}.nar`;
  return { url, compression: 'none', fileHash: narHash, fileSize: narSize };
}

/** Only whole ones: a single malformed signature makes a client reject the narinfo. */
function foreignSignatures(info: PathInfo, keys: readonly SecretKey[]): readonly string[] {
  const own = new Set(keys.map((key) => key.name));
  return info.signatures.filter((text) => {
    const { name, problem } = parseKeyText(text, signatureSize);
    return problem === undefined && !own.has(name);
  });
}
