/** A narinfo as JSON (`?json`), with the names that `nix path-info --json` has for the same things. Pure. */

import { formatHash, type Hash } from '../nix/hash.ts';
import { parseNarInfo } from '../nix/parse-narinfo.ts';

/** `text`: the narinfo. */
export function narInfoJson(text: string): string {
  const info = parseNarInfo(text, 'our own narinfo');
  return JSON.stringify({
    path: info.storePath,
    url: info.url,
    compression: info.compression,
    downloadHash: sri(info.fileHash),
    downloadSize: info.fileSize,
    narHash: sri(info.narHash),
    narSize: info.narSize,
    references: info.references,
    deriver: info.deriver,
    signatures: info.signatures,
    ca: info.contentAddress,
  });
}

function sri(hash: Hash | undefined): string | undefined {
  return hash === undefined ? undefined : formatHash(hash, 'sri');
}
