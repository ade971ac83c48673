/** What the database keeps of binary caches. Times are milliseconds since 1970, sizes are bytes. */

/** A file with a NAR in it, as clients get it. Caches share them: one file for one content, whoever serves it. */
export interface StoredNarRecord {
  /** sha256 of the file, 52 digits of nix32: names the file, and stands in its URL. */
  readonly fileHash: string;
  readonly fileSize: number;
  /** sha256 of the NAR inside, base 16, as the store has it. */
  readonly narHash: string;
  readonly narSize: number;
  /** As a narinfo says it: `zstd`, `none`, `xz`, `gzip`, `br`, `bzip2`, `lz4`. */
  readonly compression: string;
  readonly createdAt: number;
  /** When the file was last found to be what this says. */
  readonly verifiedAt: number;
}

/** A cache: a set of paths, with keys and readers of its own. The one at the root of the server is named `main`. */
export interface CacheRecord {
  readonly id: number;
  readonly name: string;
  readonly priority: number;
  /** Readers need a token. */
  readonly isPrivate: boolean;
  /** Bytes that its files may take; null: no limit. */
  readonly quota: number | null;
  /** Names of the signing keys, of those the server has; empty: all of them. */
  readonly keys: readonly string[];
  readonly createdAt: number;
}

/**
 * A path that a cache has for good: with a stored NAR, and independent of the server's own store. Its references are in
 * the same cache, at every instant.
 */
export interface CachePathRecord {
  readonly cacheId: number;
  /** The 32 digits after the store's folder. */
  readonly hashPart: string;
  readonly path: string;
  readonly narHash: string;
  readonly narSize: number;
  readonly references: readonly string[];
  readonly deriver: string | null;
  readonly ca: string | null;
  /** Those it came with. Ours are made when it is served. */
  readonly signatures: readonly string[];
  readonly fileHash: string;
  readonly addedAt: number;
  /** When clients were last told of it; written now and then, not on each request. */
  readonly servedAt: number;
}

/** Keeps a path, with all it refers to, in a cache whatever else holds. */
export interface CachePinRecord {
  readonly cacheId: number;
  readonly name: string;
  readonly path: string;
  readonly createdAt: number;
  /** Null: until it is removed. */
  readonly expiresAt: number | null;
}

export interface CacheTokenRecord {
  readonly id: number;
  readonly cacheId: number;
  readonly name: string;
  readonly mayPush: boolean;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly expiresAt: number | null;
}

/** A NAR that was sent to a cache, and is no path of it yet: only who sent all of it may make it one. */
export interface CacheUploadRecord {
  readonly cacheId: number;
  readonly fileHash: string;
  readonly startedAt: number;
  /** All of it came, and was found good. */
  readonly isReceived: boolean;
  /** Nobody had the file before: it goes with the upload, when that comes to nothing. */
  readonly madeFile: boolean;
}

/** A log or a realisation that was uploaded to a cache. Never changed. */
export interface CacheExtraRecord {
  readonly id: number;
  /** 0: its cache was deleted. */
  readonly cacheId: number;
  readonly kind: 'log' | 'realisation' | 'build-trace';
  /** Base name of the derivation; of realisations `sha256:<hex>!<output>` or `<derivation>!<output>`. */
  readonly name: string;
  /** What it belongs to: path of the derivation of a log, hash part of the path that a realisation speaks of. */
  readonly owner: string;
  /** JSON of a realisation; null where it is a file. */
  readonly content: string | null;
  /** Key of the blob with a packed log. */
  readonly file: string | null;
  /** sha256 of what it says, base 16: of the log, or of the realisation without its signatures. */
  readonly hash: string;
  /** Bytes of what it says, and those that it takes. */
  readonly size: number;
  readonly fileSize: number;
  readonly addedAt: number;
}
