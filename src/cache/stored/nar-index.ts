/** What the database says of files with NARs, in memory: asked on every request. */

import type { StoredNarRecord } from '../../db/cache-records.ts';

export interface NarIndex {
  readonly version: number;
  byNarHash(narHash: string): StoredNarRecord | undefined;
  byFileHash(fileHash: string): StoredNarRecord | undefined;
  add(nar: StoredNarRecord): void;
  remove(fileHash: string): void;
  /** It is found to be damaged: as if it were not there, whatever the database says, until it is added again. */
  hide(fileHash: string): void;
  isHidden(fileHash: string): boolean;
  fileHashes(): Iterable<string>;
}

export function createNarIndex(): NarIndex {
  const byFile = new Map<string, StoredNarRecord>();
  /** Nearly always one; the smallest first. */
  const byContent = new Map<string, StoredNarRecord | readonly StoredNarRecord[]>();
  const hidden = new Set<string>();
  let version = 0;

  const ofContent = (narHash: string): readonly StoredNarRecord[] => [byContent.get(narHash) ?? []].flat();
  const set = (narHash: string, nars: readonly StoredNarRecord[]): void => {
    const [first] = nars;
    if (first === undefined) byContent.delete(narHash);
    else byContent.set(narHash, nars.length === 1 ? first : nars);
  };
  const remove = (fileHash: string): void => {
    const nar = byFile.get(fileHash);
    if (nar === undefined) return;
    byFile.delete(fileHash);
    set(
      nar.narHash,
      ofContent(nar.narHash).filter((other) => other.fileHash !== fileHash),
    );
    version += 1;
  };
  return {
    get version() {
      return version;
    },
    byNarHash: (narHash) => ofContent(narHash)[0],
    byFileHash: (fileHash) => byFile.get(fileHash),
    add(nar) {
      hidden.delete(nar.fileHash);
      const known = byFile.get(nar.fileHash);
      // When it was last verified is nothing that clients are told.
      if (known !== undefined && isSame(known, nar)) return;
      remove(nar.fileHash);
      byFile.set(nar.fileHash, nar);
      set(
        nar.narHash,
        [...ofContent(nar.narHash), nar].sort((a, b) => a.fileSize - b.fileSize),
      );
      version += 1;
    },
    remove(fileHash) {
      hidden.delete(fileHash);
      remove(fileHash);
    },
    hide(fileHash) {
      remove(fileHash);
      hidden.add(fileHash);
    },
    isHidden: (fileHash) => hidden.has(fileHash),
    fileHashes: () => byFile.keys(),
  };
}

function isSame(one: StoredNarRecord, other: StoredNarRecord): boolean {
  return (
    one.fileSize === other.fileSize && one.narHash === other.narHash && one.compression === other.compression
  );
}
