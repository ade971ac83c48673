/** The tables of binary caches; see `schema.ts`. */

import type { Generated } from 'kysely';
import type { CacheExtraRecord } from './cache-records.ts';
import type { Flag } from './flag.ts';

export interface StoredNarTable {
  readonly file_hash: string;
  readonly file_size: number;
  readonly nar_hash: string;
  readonly nar_size: number;
  readonly compression: string;
  readonly created_at: number;
  readonly verified_at: number;
}

export interface CacheTable {
  readonly id: Generated<number>;
  readonly name: string;
  readonly priority: number;
  readonly is_private: Flag;
  readonly quota: number | null;
  /** JSON: names of keys. */
  readonly keys: string;
  readonly created_at: number;
}

export interface CachePathTable {
  readonly id: Generated<number>;
  readonly cache_id: number;
  readonly hash_part: string;
  readonly path: string;
  readonly nar_hash: string;
  readonly nar_size: number;
  readonly deriver: string | null;
  readonly ca: string | null;
  /** With a space between. */
  readonly signatures: string;
  readonly file_hash: string;
  readonly added_at: number;
  readonly served_at: number;
}

/** Both are ids of paths of the same cache. */
interface CacheReferenceTable {
  readonly referrer: number;
  readonly reference: number;
}

interface CachePinTable {
  readonly cache_id: number;
  readonly name: string;
  readonly path: string;
  readonly created_at: number;
  readonly expires_at: number | null;
}

export interface CacheTokenTable {
  readonly id: Generated<number>;
  readonly cache_id: number;
  /** sha256 of the secret, base 16. */
  readonly hash: string;
  readonly name: string;
  readonly may_push: Flag;
  readonly created_at: number;
  readonly last_used_at: number | null;
  readonly expires_at: number | null;
}

interface CacheUploadTable {
  readonly cache_id: number;
  readonly file_hash: string;
  readonly started_at: number;
  readonly is_received: Flag;
  readonly made_file: Flag;
}

interface NarChangeTable {
  /** From 1, without gaps but for those at the start that are forgotten. */
  readonly number: number;
  readonly file_hash: string;
}

interface NarClaimTable {
  readonly nar_hash: string;
  readonly owner: string;
  readonly expires_at: number;
}

interface NarMentionTable {
  readonly file_hash: string;
  /** With a space between. */
  readonly hash_parts: string;
}

export interface CacheExtraTable {
  readonly id: Generated<number>;
  /** Null: its cache was deleted. */
  readonly cache_id: number | null;
  readonly kind: CacheExtraRecord['kind'];
  readonly name: string;
  readonly owner: string;
  readonly content: string | null;
  readonly file: string | null;
  readonly hash: string;
  readonly size: number;
  readonly file_size: number;
  readonly added_at: number;
}

interface NarBuildIdTable {
  readonly build_id: string;
  readonly nar_hash: string;
}

export interface CacheSchema {
  readonly stored_nars: StoredNarTable;
  readonly caches: CacheTable;
  readonly cache_paths: CachePathTable;
  readonly cache_references: CacheReferenceTable;
  readonly cache_pins: CachePinTable;
  readonly cache_tokens: CacheTokenTable;
  readonly cache_uploads: CacheUploadTable;
  readonly nar_changes: NarChangeTable;
  readonly nar_claims: NarClaimTable;
  readonly nar_mentions: NarMentionTable;
  readonly cache_extras: CacheExtraTable;
  readonly nar_build_ids: NarBuildIdTable;
}
