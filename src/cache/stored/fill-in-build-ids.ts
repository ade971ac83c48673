/**
 * Looks for debug information in a stored NAR of which that is not known: it was kept by a version that did not look, or by
 * a process that was killed before it could write down what it found. What was looked at is marked together with what was
 * found, so each content is looked at once.
 */

import type { StoredNarRecord } from '../../db/cache-records.ts';
import type { Database } from '../../db/database.ts';
import { NarParser } from '../../nix/nar-parser.ts';
import { gatherBuildIds } from './gather-build-ids.ts';
import type { StoredNars } from './stored-nars.ts';

export interface FillInDeps {
  readonly nars: Pick<StoredNars, 'unpack'>;
  readonly database: Pick<Database, 'cacheExtras'>;
  readonly signal: AbortSignal;
}

/** True when it was looked at now. Throws what reading it throws, and `nix.nar-invalid`. */
export async function fillInBuildIds(
  nar: StoredNarRecord,
  { nars, database, signal }: FillInDeps,
): Promise<boolean> {
  const { narHash, narSize } = nar;
  if (await database.cacheExtras.knowsBuildIds(narHash)) return false;
  const gathered = gatherBuildIds();
  const parser = new NarParser(gathered.handler, { maxSize: narSize });
  for await (const chunk of nars.unpack(nar, { start: 0, end: narSize }, signal)) parser.push(chunk);
  parser.finish();
  await database.cacheExtras.setBuildIds(narHash, gathered.found());
  return true;
}
