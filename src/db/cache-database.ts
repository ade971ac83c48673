/** The part of the database that binary caches are kept in; belongs to the contract in `database.ts`. */

import type {
  CacheExtraRecord,
  CachePathRecord,
  CachePinRecord,
  CacheRecord,
  CacheTokenRecord,
  CacheUploadRecord,
  StoredNarRecord,
} from './cache-records.ts';

export interface StoredNarRepository {
  byFileHash(fileHash: string): Promise<StoredNarRecord | undefined>;
  /** The best one of this content: the smallest. */
  byNarHash(narHash: string): Promise<StoredNarRecord | undefined>;
  /** All of them, streamed, by file hash. */
  all(): AsyncIterable<StoredNarRecord>;
  /** The file is durable before its row is. A row that is there already stays; what it mentions is added to it. */
  add(nar: StoredNarRecord, mentions?: readonly string[]): Promise<void>;
  setVerified(fileHash: string, at: number): Promise<void>;
  /** Those that were last verified before `at`, longest ago first. */
  verifiedBefore(at: number, limit: number): Promise<readonly StoredNarRecord[]>;
  /** Another file of the same content takes its place, for every path that has it; its row goes. */
  replace(fileHash: string, by: StoredNarRecord): Promise<void>;
  /**
   * The file is lost: its row goes, and every path of any cache that has it, with all that refer to those, since a cache
   * has what its paths refer to. Says which paths went.
   */
  withdraw(
    fileHash: string,
  ): Promise<readonly { readonly cacheId: number; readonly hashPart: string; readonly path: string }[]>;
  /**
   * False, and nothing happens, while a path of any cache has it, or an upload that a path may follow. The row goes
   * before the file does.
   */
  remove(fileHash: string): Promise<boolean>;
  /** The number of the last change to these rows; 0 when there was none. */
  lastChange(): Promise<number>;
  /**
   * The files whose rows came or went since the change of that number, by any process, in order, and the number of the
   * last one. Undefined when that is so long ago that it is not known any more.
   */
  changesAfter(
    number: number,
  ): Promise<{ readonly last: number; readonly fileHashes: readonly string[] } | undefined>;
  /**
   * True when `owner` is the one, until then, who makes a file of this content; false while another is. Who is the one
   * already stays it, for longer.
   */
  claim(
    narHash: string,
    owner: string,
    span: { readonly now: number; readonly until: number },
  ): Promise<boolean>;
  release(narHash: string, owner: string): Promise<void>;
  /** The hash parts of store paths that its NAR mentions; undefined when it is not known. */
  mentions(fileHash: string): Promise<readonly string[] | undefined>;
  totals(): Promise<{ readonly files: number; readonly fileBytes: number; readonly narBytes: number }>;
}

export interface CacheRepository {
  list(): Promise<readonly CacheRecord[]>;
  find(name: string): Promise<CacheRecord | undefined>;
  create(cache: Omit<CacheRecord, 'id'>): Promise<CacheRecord>;
  update(id: number, cache: Omit<CacheRecord, 'id' | 'name' | 'createdAt'>): Promise<void>;
  /** With its paths, pins and tokens; files stay until nothing has them. */
  delete(id: number): Promise<void>;
  pins(id: number): Promise<readonly CachePinRecord[]>;
  /**
   * Replaces one of that name. False, and nothing happens, when the cache does not have the path: removing paths and
   * pinning them wait for each other.
   */
  setPin(pin: CachePinRecord): Promise<boolean>;
  /** False when there is none of that name. */
  removePin(id: number, name: string): Promise<boolean>;
  /** Bytes of all files that its paths have, each once. */
  bytes(id: number): Promise<number>;
}

export interface CachePathRepository {
  get(cacheId: number, hashPart: string): Promise<CachePathRecord | undefined>;
  getMany(cacheId: number, hashParts: readonly string[]): Promise<ReadonlyMap<string, CachePathRecord>>;
  /**
   * Hash parts of its paths, those that were added first before the others, after the one of that id: a page of them, with
   * the id of the last. Whatever is added later comes after it.
   */
  hashPartsAfter(
    cacheId: number,
    id: number,
  ): Promise<{ readonly lastId: number; readonly hashParts: readonly string[]; readonly isLast: boolean }>;
  /** All its paths, streamed, by hash part. */
  all(cacheId: number): AsyncIterable<CachePathRecord>;
  /** Paths of any cache that have this file. */
  withFile(fileHash: string): Promise<
    readonly {
      readonly cacheId: number;
      readonly hashPart: string;
      readonly path: string;
      /** Of the cache, but for the one named main: who may read that is for the server to say. */
      readonly isPrivate: boolean;
    }[]
  >;
  /**
   * Adds them in one transaction. What is there already stays as it is, but counts as served: whoever adds it relies on
   * it. Throws `cache.references-missing` when a
   * reference would be in this cache neither before nor with them, and `cache.conflict` when one is there with another
   * content.
   */
  add(cacheId: number, paths: readonly CachePathRecord[]): Promise<void>;
  /**
   * Removes them in one transaction, those that another path of the cache still refers to excepted; with `unusedSince`
   * also those that were added or served since then, and those that are pinned. Says which went.
   */
  remove(cacheId: number, hashParts: readonly string[], unusedSince?: number): Promise<readonly string[]>;
  setServed(cacheId: number, hashParts: readonly string[], at: number): Promise<void>;
  count(cacheId: number): Promise<number>;
}

export interface CacheTokenRepository {
  list(cacheId: number): Promise<readonly CacheTokenRecord[]>;
  /** `hash`: sha256 of the secret, base 16; the secret itself is kept nowhere. */
  create(
    token: Omit<CacheTokenRecord, 'id' | 'lastUsedAt'> & { readonly hash: string },
  ): Promise<CacheTokenRecord>;
  /** The token of a secret, if it has not expired. Marks it used, at most once a minute. */
  use(hash: string, now: number): Promise<CacheTokenRecord | undefined>;
  /** False when the cache has no such token. */
  delete(cacheId: number, id: number): Promise<boolean>;
}

export interface CacheUploadRepository {
  /** It begins, or begins again: what was received of that name stays received. */
  begin(upload: Omit<CacheUploadRecord, 'isReceived'>): Promise<void>;
  received(cacheId: number, fileHash: string, at: number): Promise<void>;
  /** True when the cache may make paths of the file: it was sent to it in whole, or one of its paths has it. */
  has(cacheId: number, fileHash: string): Promise<boolean>;
  /** True when it was sent to some cache in whole, or is being sent, and no narinfo has followed. */
  isPending(fileHash: string): Promise<boolean>;
  /** Those that began before this time. */
  before(time: number): Promise<readonly CacheUploadRecord[]>;
  /** True when the file may go with it: it was made for uploads, and no other one is for it. */
  remove(cacheId: number, fileHash: string): Promise<boolean>;
  /** Bytes of all files that the paths and the uploads of a cache have, each once, and of its logs and realisations. */
  bytes(cacheId: number): Promise<number>;
}

export interface CacheExtraRepository {
  find(cacheId: number, kind: CacheExtraRecord['kind'], name: string): Promise<CacheExtraRecord | undefined>;
  /**
   * The same once more changes nothing. One that says something else takes the place of a realisation whose path is there
   * no more, whose file is then told; otherwise this throws `cache.conflict`. Throws `cache.quota`.
   */
  add(
    extra: Omit<CacheExtraRecord, 'id'>,
  ): Promise<{ readonly isNew: boolean; readonly replaced: string | null }>;
  /** Those that have a file, streamed. */
  files(): AsyncIterable<CacheExtraRecord>;
  hasFile(file: string): Promise<boolean>;
  remove(id: number): Promise<boolean>;
  /**
   * Removes some of those that were added before this time and belong to no path that is there, and of caches that are
   * not; says which. To be called until it says none. Their files are the caller's to remove.
   */
  removeUnowned(before: number): Promise<readonly CacheExtraRecord[]>;
  /** What that would remove if those paths (by cache and hash part) were not there any more; streamed. */
  unowned(
    before: number,
    isGone: (cacheId: number, hashPart: string) => boolean,
  ): AsyncIterable<CacheExtraRecord>;
  /** A NAR of this content was looked at, and has the debug information of these programs. */
  setBuildIds(narHash: string, buildIds: readonly string[]): Promise<void>;
  /** True when a NAR of this content was looked at, whatever was found. */
  knowsBuildIds(narHash: string): Promise<boolean>;
  /** Hash parts of paths of a cache that have it, the newest first. */
  withBuildId(cacheId: number, buildId: string): Promise<readonly string[]>;
  /** Forgets those of contents that no file has. */
  forgetBuildIds(): Promise<void>;
}
