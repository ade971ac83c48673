import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseHash } from '../../../nix/hash.ts';
import type { NarInfo } from '../../../nix/narinfo.ts';
import { parseStorePath } from '../../../nix/store-path.ts';
import { checkClientCache } from './check-client-cache.ts';

const hash = '5k2r78dr3fdr14rll13sm5dmjb5fpw3r';
const wanted = parseStorePath(`/nix/store/${hash}-hello`);
const url = 'https://cache.example.org';
const settings = { 'narinfo-cache-negative-ttl': 3600, 'narinfo-cache-positive-ttl': 30 * 86_400 };
const now = 1_700_000_000;
const narHash = `sha256:${'1'.repeat(52)}`;
const info: NarInfo = {
  storePath: wanted,
  url: 'nar/x.nar',
  compression: 'none',
  narHash: parseHash(narHash),
  narSize: 1,
  references: [],
  signatures: ['a-1:x', 'b-1:y'],
};

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'client-cache-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** As Nix writes it, with one row. */
function remember(row: {
  readonly age: number;
  readonly present: number;
  readonly narHash?: string;
  readonly sigs?: string;
}) {
  const database = new DatabaseSync(`${folder}/binary-cache-v6.sqlite`);
  database.exec(`
    create table BinaryCaches (id integer primary key autoincrement not null, url text unique not null,
      timestamp integer not null, storeDir text not null, wantMassQuery integer not null, priority integer not null);
    create table NARs (cache integer not null, hashPart text not null, namePart text, url text, compression text,
      fileHash text, fileSize integer, narHash text, narSize integer, refs text, deriver text, sigs text, ca text,
      timestamp integer not null, present integer not null, primary key (cache, hashPart));
    insert into BinaryCaches (url, timestamp, storeDir, wantMassQuery, priority)
      values ('https://other.example.org', 1, '/nix/store', 1, 30), ('${url}', 1, '/nix/store', 1, 30);`);
  database
    .prepare(
      'insert into NARs (cache, hashPart, narHash, sigs, timestamp, present) values (2, ?, ?, ?, ?, ?)',
    )
    .run(hash, row.narHash ?? null, row.sigs ?? null, now - row.age, row.present);
  database.close();
}
const check = (said: NarInfo | undefined = info) =>
  checkClientCache(folder, url, [{ path: wanted, info: said }], settings, now);

describe('checkClientCache', () => {
  it('finds that a path is remembered as missing, and for how long', () => {
    remember({ age: 600, present: 0 });
    expect(check()).toMatchObject([
      {
        status: 'problem',
        detail: expect.stringContaining('remembers for another 50 min 0 s that the cache does not have'),
        mend: expect.stringContaining(`rm ${folder}/binary-cache-v6.sqlite`),
      },
    ]);
  });

  it('finds nothing in what is right, or has expired', () => {
    remember({ age: 3600, present: 0 });
    expect(check()).toMatchObject([{ status: 'ok' }]);
    rmSync(`${folder}/binary-cache-v6.sqlite`);
    remember({ age: 3600, present: 1, narHash, sigs: 'b-1:y a-1:x' });
    expect(check()).toMatchObject([{ status: 'ok' }]);
  });

  it('does not complain that what is missing is remembered as missing', () => {
    remember({ age: 600, present: 0 });
    expect(checkClientCache(folder, url, [{ path: wanted, info: undefined }], settings, now)).toMatchObject([
      { status: 'ok' },
    ]);
  });

  it.each([
    ['another content', { narHash: `sha256:${'0'.repeat(52)}`, sigs: 'a-1:x b-1:y' }, /another content/],
    ['fewer signatures', { narHash, sigs: 'a-1:x' }, /without its signature by b-1/],
    ['no signature', { narHash }, /without its signature by a-1, b-1/],
  ])('finds %s than the cache has now', (_what, row, detail) => {
    remember({ age: 600, present: 1, ...row });
    expect(check()).toMatchObject([{ status: 'problem', detail: expect.stringMatching(detail) }]);
  });

  it('says what it cannot read, and is content where nothing is remembered', () => {
    expect(checkClientCache(`${folder}/none`, url, [], settings, now)).toMatchObject([{ status: 'ok' }]);
    writeFileSync(`${folder}/binary-cache-v8.sqlite`, 'no database');
    expect(check()).toMatchObject([{ status: 'warning', detail: expect.stringContaining('cannot be read') }]);
  });
});
