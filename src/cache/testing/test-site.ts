/** A server with caches for tests: real HTTP and a database of its own, with NARs in memory. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import type { BlobStore } from '../../blobs/blob-store.ts';
import { openFileBlobs } from '../../blobs/file/open-file-blobs.ts';
import type { CacheRecord } from '../../db/cache-records.ts';
import type { Database } from '../../db/database.ts';
import { openDatabase } from '../../db/open-database.ts';
import { formatBareHash, type Hash } from '../../nix/hash.ts';
import { encodeNar, type NarTree } from '../../nix/nar-writer.ts';
import type { NarInfo } from '../../nix/narinfo.ts';
import { printNarInfo } from '../../nix/print-narinfo.ts';
import { generateSecretKey, type SecretKey } from '../../nix/signing-key.ts';
import { parseStorePath, type StorePath } from '../../nix/store-path.ts';
import { createCacheGuard } from '../access/cache-guard.ts';
import { hashCacheToken, newCacheToken } from '../access/cache-token.ts';
import { createCacheSite } from '../caches/create-cache-site.ts';
import { openCaches } from '../caches/open-caches.ts';
import { createCacheHandler } from '../create-cache-handler.ts';
import { createExtras, type ExtrasDatabase } from '../extras/create-extras.ts';
import type { KeptExtras } from '../kept/kept-extras.ts';
import { keptSource } from '../kept/kept-source.ts';
import { openKeptExtras } from '../kept/open-kept-extras.ts';
import { createNarThreads } from '../stored/create-nar-threads.ts';
import { openStoredNars } from '../stored/open-stored-nars.ts';
import type { StoredNars } from '../stored/stored-nars.ts';
import { createBatchApi } from '../upload/create-batch-api.ts';
import { createUploads } from '../upload/create-uploads.ts';
import { narName } from '../upload/parse-upload-url.ts';

export interface TestSite extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly database: Database;
  readonly stored: StoredNars;
  readonly blobs: BlobStore;
  readonly kept: KeptExtras;
  /** How many files with NARs there are. */
  files(): Promise<number>;
  readonly key: SecretKey;
  readonly faults: readonly string[];
  /** Paths that the cache at the root was told of. */
  readonly addedToRoot: readonly string[];
  now(): number;
  pass(ms: number): void;
  cache(name: string, settings?: Partial<CacheRecord>): Promise<CacheRecord>;
  token(cacheId: number, mayPush?: boolean): Promise<string>;
}

export interface TestSiteOptions {
  readonly rootIsPrivate?: boolean;
  readonly maxFileBytes?: number;
  readonly maxNarBytes?: number;
  readonly checkMentions?: boolean;
  /** Stay open; default: new ones in a temporary folder. */
  readonly blobs?: BlobStore;
  readonly database?: Database;
}

/** Started once: most tests are shorter than a thread takes to begin. */
const threads = createNarThreads();
/** The database of a store that has nothing. */
const emptyStore: ExtrasDatabase = {
  realisation: () => undefined,
  buildTrace: () => undefined,
  newestId: () => 0,
  pathsAfter: () => [],
};
/** Long after tokens were looked up last. */
const start = Date.UTC(2026, 0, 1);

export async function openTestSite(options: TestSiteOptions = {}): Promise<TestSite> {
  const folder = await mkdtemp(path.join(tmpdir(), 'proteus-site-'));
  let time = start;
  const now = (): number => time;
  const database = options.database ?? (await openDatabase(path.join(folder, 'db'), { now }));
  const blobs = options.blobs ?? (await openFileBlobs(path.join(folder, 'nars')));
  const stored = await openStoredNars({ blobs, database, threads, now });
  const kept = openKeptExtras({ blobs, database, now });
  const key = generateSecretKey('cache-1');
  const faults: string[] = [];
  const addedToRoot: string[] = [];
  const onFault = (message: string, error: unknown): void =>
    void faults.push(`${message} (${String(error)})`);
  const handle: Parameters<typeof openCaches>[0]['handle'] = ({ id, name, mayServe, ...options }) =>
    createCacheHandler({
      ...options,
      extras: createExtras({
        database: emptyStore,
        keys: options.keys,
        folder: name === 'main' ? undefined : `/c/${name}`,
        kept: keptSource(kept, id),
      }),
      stored: { nars: stored, mayServe },
      store: { leaseTempRoots: () => Promise.reject(new Error('no store')) },
      dump: () => {
        throw new Error('there is no store here');
      },
      serveLogs: false,
      onFault,
    });
  const caches = openCaches({ database, stored, keys: [key], handle, onFault, now });
  const limits = { maxFileBytes: options.maxFileBytes ?? 1e9, maxNarBytes: options.maxNarBytes ?? 1e9 };
  const nothing = { version: () => 1, mayHave: () => false, lookup: () => undefined };
  const site = createCacheSite({
    caches,
    guard: createCacheGuard({
      tokens: database.cacheTokens,
      userMay: async (token, cache, need) =>
        token === 'root-user' || (token === 'reader' && need === 'read' && cache?.name === 'main'),
      ownToken: 'own',
      now,
    }),
    uploads: createUploads({ database, stored, kept, limits, checkMentions: options.checkMentions, now }),
    batch: createBatchApi({ database, stored, now }),
    kept,
    root: {
      handler: handle({
        id: 1,
        name: 'main',
        source: nothing,
        keys: [key],
        priority: 30,
        mayServe: async () => false,
      }),
      isPrivate: options.rootIsPrivate ?? false,
      added: (hashParts) => void addedToRoot.push(...hashParts),
    },
    onFault,
  });
  const listener: Parameters<typeof createServer>[1] = (req, res) => {
    if (!site.tryServe(req, res)) res.writeHead(418).end();
  };
  const server = createServer({ requestTimeout: 0 }, listener).on('checkContinue', listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server has no other kind of address
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    database,
    stored,
    blobs,
    kept,
    files: async () => (await database.storedNars.totals()).files,
    key,
    faults,
    addedToRoot,
    now,
    pass(ms) {
      time += ms;
    },
    cache: (name, settings) =>
      database.caches.create({
        name,
        priority: 40,
        isPrivate: false,
        quota: null,
        keys: [],
        createdAt: now(),
        ...settings,
      }),
    async token(cacheId, mayPush = true) {
      const secret = newCacheToken();
      const hash = hashCacheToken(secret);
      await database.cacheTokens.create({
        cacheId,
        hash,
        name: 'test',
        mayPush,
        createdAt: now(),
        expiresAt: null,
      });
      return secret;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await caches[Symbol.asyncDispose]();
      await stored[Symbol.asyncDispose]();
      if (options.blobs === undefined) await blobs[Symbol.asyncDispose]();
      if (options.database === undefined) await database[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

export interface SampleUpload {
  readonly path: StorePath;
  readonly hashPart: string;
  readonly nar: Buffer;
  readonly file: Buffer;
  readonly info: NarInfo;
  /** Where its file is put, below the cache. */
  readonly name: string;
}

/** A path of that name with a file in it, and what is uploaded of it. */
export function sampleUpload(
  name: string,
  references: readonly StorePath[] = [],
  change: { readonly text?: string; readonly tree?: NarTree } = {},
): SampleUpload {
  const hashPart = createHash('sha256').update(name).digest('hex').replaceAll('e', 'z').slice(0, 32);
  const path = parseStorePath(`/nix/store/${hashPart}-${name}`);
  const tree = change.tree ?? { type: 'regular', contents: Buffer.from(change.text ?? `this is ${name}\n`) };
  const nar = Buffer.concat([...encodeNar(tree)]);
  const file = zstdCompressSync(nar);
  const fileHash = sha256(file);
  const hash = formatBareHash(fileHash, 'nix32');
  const url = narName(hash, 'zstd');
  const info: NarInfo = {
    storePath: path,
    url,
    compression: 'zstd',
    fileHash,
    fileSize: file.length,
    narHash: sha256(nar),
    narSize: nar.length,
    references: references.toSorted(),
    deriver: undefined,
    signatures: [],
  };
  return { path, hashPart, nar, file, info, name: url };
}

export function sha256(bytes: Uint8Array): Hash {
  return { algorithm: 'sha256', bytes: new Uint8Array(createHash('sha256').update(bytes).digest()) };
}

/** Puts something; says the status and the text of the answer. */
export async function put(
  url: string,
  body: Uint8Array | string,
  token?: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }> {
  const answer = await fetch(url, {
    method: 'PUT',
    body: typeof body === 'string' ? body : new Uint8Array(body),
    headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
  });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

/** Puts the file, then the narinfo; says the status of the last that was put. */
export async function upload(base: string, sample: SampleUpload, token: string): Promise<number> {
  const file = await put(`${base}/${sample.name}`, sample.file, token);
  if (file.status !== 200) return file.status;
  return (await put(`${base}/${sample.hashPart}.narinfo`, printNarInfo(sample.info), token)).status;
}
