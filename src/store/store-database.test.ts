import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NixDatabase } from '../../test/store/nix-database.ts';
import { samplePath } from '../../test/store/sample-info.ts';
import { openStoreDatabase } from './store-database.ts';

let dir = '';
let file = '';
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'store-database-'));
  file = `${dir}/db.sqlite`;
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('StoreDatabase', () => {
  it('finds paths by hash part and by path, with all that is known of them', async () => {
    using nix = new NixDatabase(file);
    nix.add({ path: samplePath(2) });
    nix.add({
      path: samplePath(1),
      hash: `sha256:${'ab'.repeat(32)}`,
      deriver: `${samplePath(9)}.drv`,
      narSize: 4096,
      ultimate: 1,
      sigs: 'a-1:xx b-1:yy',
      ca: 'fixed:r:sha256:zz',
      references: [samplePath(2), samplePath(1)],
    });
    using database = await openStoreDatabase(file);
    const info = database.lookupHashPart(samplePath(1).slice(11, 43));
    expect(info).toEqual({
      path: samplePath(1),
      deriver: `${samplePath(9)}.drv`,
      narHash: 'ab'.repeat(32),
      narSize: 4096,
      references: [samplePath(1), samplePath(2)],
      registrationTime: 1_700_000_000,
      ultimate: true,
      signatures: ['a-1:xx', 'b-1:yy'],
      contentAddress: 'fixed:r:sha256:zz',
    });
    expect(database.lookupPath(samplePath(1))).toEqual(info);
    expect(database.lookupPath(samplePath(2))).toMatchObject({
      deriver: undefined,
      references: [],
      signatures: [],
      ultimate: false,
      contentAddress: '',
    });
  });

  it('knows what is valid, and the outputs of derivations that are all valid', async () => {
    using nix = new NixDatabase(file);
    const [whole, partial, fixed, out, content] = [1, 2, 3, 11, 13].map(samplePath);
    nix.add({ path: out! });
    nix.add({ path: content!, ca: 'fixed:r:sha256:zz' });
    nix.add({ path: whole!, outputs: { out: out!, doc: out! } });
    nix.add({ path: partial!, outputs: { out: out!, doc: samplePath(12) } });
    nix.add({ path: fixed!, outputs: { out: content! } });
    using database = await openStoreDatabase(file);
    const outputs = new Map([
      ['out', out],
      ['doc', out],
    ]);
    expect(database.validPaths([whole!, samplePath(12), out!])).toEqual(new Set([whole, out]));
    expect(database.validOutputs([whole!, partial!, fixed!, out!, samplePath(99)])).toEqual(
      new Map([[whole, outputs]]),
    );
  });

  it('finds nothing for a hash between two, before the first, after the last, or that is none', async () => {
    using nix = new NixDatabase(file);
    for (const number of [10, 30]) nix.add({ path: samplePath(number) });
    using database = await openStoreDatabase(file);
    for (const number of [1, 20, 40]) {
      expect(database.lookupHashPart(samplePath(number).slice(11, 43))).toBeUndefined();
      expect(database.lookupPath(samplePath(number))).toBeUndefined();
    }
    for (const text of ['', '%', "0' or 1=1 --", '0'.repeat(31), samplePath(10).slice(11)]) {
      expect(database.lookupHashPart(text)).toBeUndefined();
    }
  });

  it('leaves out rows of ancient Nix versions that have no size or hash', async () => {
    using nix = new NixDatabase(file);
    nix.add({ path: samplePath(1), narSize: null });
    nix.add({ path: samplePath(2), hash: '' });
    nix.add({ path: samplePath(3) });
    using database = await openStoreDatabase(file);
    expect(database.lookupPath(samplePath(1))).toBeUndefined();
    expect(database.lookupPath(samplePath(2))).toBeUndefined();
    expect(database.pathsAfter(0, 10).map(({ id, info }) => [id, info?.path])).toEqual([
      [1, undefined],
      [2, undefined],
      [3, samplePath(3)],
    ]);
  });

  it('lists what was registered after a number, so many at a time', async () => {
    using nix = new NixDatabase(file);
    for (let i = 1; i <= 5; i++) nix.add({ path: samplePath(10 - i) });
    using database = await openStoreDatabase(file);
    expect(database.pathsAfter(2, 2).map(({ id }) => id)).toEqual([3, 4]);
    expect(database.pathsAfter(5, 2)).toEqual([]);
  });

  it('gives closures, references first', async () => {
    using nix = new NixDatabase(file);
    for (let i = 0; i < 5; i++) {
      nix.add({
        path: samplePath(i),
        references: [...new Set([samplePath(Math.max(i - 1, 0)), samplePath(0)])],
      });
    }
    nix.add({ path: samplePath(7) });
    using database = await openStoreDatabase(file);
    expect(database.closure(samplePath(3)).map((info) => info.path)).toEqual([0, 1, 2, 3].map(samplePath));
    expect(() => database.closure(samplePath(8))).toThrow(
      expect.objectContaining({
        code: 'store.path-missing',
        message: `${samplePath(8)} is not valid in the local store`,
      }),
    );
    expect(database.closure(samplePath(7)).length).toBe(1);
  });

  it('sees every commit, tells that something changed, and blocks no writer', async () => {
    using nix = new NixDatabase(file);
    using database = await openStoreDatabase(file);
    const before = database.dataVersion();
    expect(database.dataVersion()).toBe(before);
    nix.exec('begin immediate');
    nix.add({ path: samplePath(1) });
    expect(database.lookupPath(samplePath(1))).toBeUndefined();
    nix.exec('commit');
    expect(database.lookupPath(samplePath(1))).toBeDefined();
    expect(database.dataVersion()).not.toBe(before);
    nix.exec('pragma wal_checkpoint(truncate)');
    expect(database.lookupPath(samplePath(1))).toBeDefined();
  });

  it('refuses a database whose paths are in another form', async () => {
    using nix = new NixDatabase(file);
    nix.add({ path: samplePath(1).slice(11) });
    using database = await openStoreDatabase(file);
    expect(() => database.pathsAfter(0, 1)).toThrow(
      expect.objectContaining({ code: 'store.database', hint: expect.stringContaining('does not know yet') }),
    );
  });

  it('says what is wrong with a file that is not there, or no database', async () => {
    await expect(openStoreDatabase(file)).rejects.toMatchObject({
      code: 'store.database',
      message: `cannot read ${file}: there is no such file`,
    });
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, 'this is no database'.repeat(100));
    await expect(openStoreDatabase(file)).rejects.toMatchObject({
      code: 'store.database',
      message: `cannot read ${file}: file is not a database`,
    });
  });

  it('gives up on a database that stays locked, after its patience', async () => {
    using nix = new NixDatabase(file);
    nix.exec('pragma journal_mode = delete; begin exclusive');
    await expect(openStoreDatabase(file, { patienceMs: 10 })).rejects.toMatchObject({
      code: 'store.database',
      message: `cannot read ${file}: database is locked`,
    });
    nix.exec('commit');
    (await openStoreDatabase(file))[Symbol.dispose]();
  });

  it('holds a lease while it is open', async () => {
    using nix = new NixDatabase(file);
    nix.add({ path: samplePath(1) });
    const held: string[] = [];
    const leaseTempRoots = async () => {
      held.push('leased');
      return { add: async () => {}, [Symbol.asyncDispose]: async () => void held.push('ended') };
    };
    {
      using _database = await openStoreDatabase(file, { keepOpenBy: { leaseTempRoots } });
      expect(held).toEqual(['leased']);
    }
    expect(held).toEqual(['leased', 'ended']);
    renameSync(file, `${file}.away`);
    await expect(openStoreDatabase(file, { keepOpenBy: { leaseTempRoots } })).rejects.toThrow('no such file');
    expect(held).toEqual(['leased', 'ended', 'leased', 'ended']);
  });
});
