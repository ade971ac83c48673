/**
 * Writes a narinfo: one `Name: value` a line, in the order of Nix. An empty list of references keeps the space after its
 * colon, because every version of Nix misreads a line that ends at the colon. Source: libstore/nar-info.cc.
 */

import { formatHash } from './hash.ts';
import type { NarInfo } from './narinfo.ts';
import { storePathBaseName } from './store-path.ts';

/** The text of the `.narinfo` file; hashes are written in nix32. */
export function printNarInfo(info: NarInfo): string {
  const references = info.references.map(storePathBaseName).sort();
  return (
    line('StorePath', info.storePath) +
    line('URL', info.url) +
    line('Compression', info.compression) +
    line('FileHash', info.fileHash && formatHash(info.fileHash, 'nix32')) +
    line('FileSize', info.fileSize) +
    line('NarHash', formatHash(info.narHash, 'nix32')) +
    line('NarSize', info.narSize) +
    line('References', references.join(' ')) +
    line('Deriver', info.deriver && storePathBaseName(info.deriver)) +
    line('System', info.system) +
    info.signatures.map((signature) => line('Sig', signature)).join('') +
    line('CA', info.contentAddress)
  );
}

function line(name: string, value: string | number | undefined): string {
  return value === undefined ? '' : `${name}: ${value}\n`;
}
