/**
 * Decides whether a path that is offered may be in a cache: its NAR has been sent to this very cache, is the one that is
 * spoken of, and has the content address that it says it has. Its references are checked by the database, together with
 * adding it.
 */

import type { CachePathRecord, StoredNarRecord } from '../../db/cache-records.ts';
import { formatBareHash } from '../../nix/hash.ts';
import { storePathHash } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import type { StoredNars } from '../stored/stored-nars.ts';
import { checkContentAddress } from './check-content-address.ts';
import { checkMentions, type MentionDeps } from './check-mentions.ts';
import type { OfferedPath } from './offered-path.ts';

/** More than anybody has; each is sent to every client. */
const maxSignatures = 32;

export interface AdmitDeps {
  readonly cacheId: number;
  readonly stored: Pick<StoredNars, 'find' | 'unpack' | 'mentions'>;
  /** True when the file was sent to this cache in whole. */
  readonly hasFile: (fileHash: string) => Promise<boolean>;
  /** Undefined: what it mentions is not looked at. */
  readonly pathsOf: MentionDeps['pathsOf'] | undefined;
  readonly now: number;
  readonly signal: AbortSignal;
}

/** The row to add. Throws `cache.upload-refused` and `cache.references-undeclared`. */
export async function admitPath(offer: OfferedPath, deps: AdmitDeps): Promise<CachePathRecord> {
  const { path, fileHash, references, deriver, contentAddress, signatures } = offer;
  // The same answer whether nobody has the file or only another cache, so that nothing is told of that.
  const nar = (await deps.hasFile(fileHash)) ? await deps.stored.find(fileHash) : undefined;
  if (nar === undefined) {
    throw new AppError(
      'cache.upload-refused',
      `${path}: its file nar/${fileHash}.nar has not been uploaded to this cache, and has to be before the narinfo`,
    );
  }
  const problem = difference(offer, nar);
  if (problem !== undefined) throw new AppError('cache.upload-refused', `${path}: ${problem}`);
  if (signatures.length > maxSignatures) {
    throw new AppError(
      'cache.upload-refused',
      `${path}: wanted at most ${maxSignatures} signatures, got ${signatures.length}`,
    );
  }
  if (contentAddress !== undefined) {
    await checkContentAddress({ path, contentAddress, narHash: offer.narHash, references }, () =>
      deps.stored.unpack(nar, { start: 0, end: nar.narSize }, deps.signal),
    );
  }
  if (deps.pathsOf !== undefined) {
    const mentions = () => deps.stored.mentions(nar, deps.signal);
    await checkMentions(offer, { mentions, pathsOf: deps.pathsOf });
  }
  return {
    cacheId: deps.cacheId,
    hashPart: storePathHash(path),
    path,
    narHash: nar.narHash,
    narSize: nar.narSize,
    references: [...new Set(references)].sort(),
    deriver: deriver ?? null,
    ca: contentAddress ?? null,
    signatures,
    fileHash,
    addedAt: deps.now,
    servedAt: deps.now,
  };
}

function difference(offer: OfferedPath, nar: StoredNarRecord): string | undefined {
  const said = formatBareHash(offer.narHash, 'base16');
  if (said !== nar.narHash) return `its NarHash is sha256 ${said}, but what was uploaded has ${nar.narHash}`;
  if (offer.narSize !== nar.narSize) return `its NarSize is ${offer.narSize}, but the NAR has ${nar.narSize}`;
  if (offer.fileSize !== undefined && offer.fileSize !== nar.fileSize) {
    return `its FileSize is ${offer.fileSize}, but the file has ${nar.fileSize}`;
  }
  if (offer.compression !== undefined && offer.compression !== nar.compression) {
    return `its Compression is ${JSON.stringify(offer.compression.slice(0, 100))}, but the file is ${nar.compression}`;
  }
  return undefined;
}
