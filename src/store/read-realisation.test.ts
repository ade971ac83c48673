import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NixDatabase } from '../../test/store/nix-database.ts';
import { samplePath } from '../../test/store/sample-info.ts';
import { openStoreDatabase } from './store-database.ts';

const hash = (digit: string): string => `sha256:${digit.repeat(64)}`;
let file = '';
beforeEach(() => {
  file = path.join(mkdtempSync(path.join(tmpdir(), 'realisations-')), 'db.sqlite');
});
afterEach(() => rmSync(path.dirname(file), { recursive: true }));

function run(sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

describe('realisations', () => {
  it('are none where no content-addressed derivation was ever built', async () => {
    using _nix = new NixDatabase(file);
    using database = await openStoreDatabase(file);
    expect(database.realisation(hash('a'), 'out')).toBeUndefined();
    expect(database.buildTrace('x.drv', 'out')).toBeUndefined();
  });

  it('are found by hash with what they were made with, in the form of Nix up to 2.34', async () => {
    using nix = new NixDatabase(file);
    nix.add({ path: samplePath(1) });
    nix.add({ path: samplePath(2) });
    using database = await openStoreDatabase(file);
    // The tables may come while the database is open.
    run(`create table Realisations (id integer primary key, drvPath text, outputName text, outputPath integer, signatures text);
      create table RealisationsRefs (referrer integer, realisationReference integer);
      insert into Realisations values (1, '${hash('a')}', 'out', 1, 'a-1:x b-1:y'), (2, '${hash('b')}', 'dev', 2, null);
      insert into RealisationsRefs values (1, 2);`);
    expect(database.realisation(hash('a'), 'out')).toEqual({
      path: samplePath(1),
      signatures: ['a-1:x', 'b-1:y'],
      dependencies: new Map([[`${hash('b')}!dev`, samplePath(2)]]),
    });
    expect(database.realisation(hash('b'), 'dev')).toMatchObject({ path: samplePath(2), signatures: [] });
    expect(database.realisation(hash('b'), 'out')).toBeUndefined();
    expect(database.buildTrace('x.drv', 'out')).toBeUndefined();
  });

  it.each([
    ['a full path', samplePath(1)],
    ['a base name', samplePath(1).slice('/nix/store/'.length)],
  ])(
    'are found by derivation in the form of newer Nix, with %s, while the path is valid',
    async (_what, output) => {
      using nix = new NixDatabase(file);
      nix.add({ path: samplePath(1) });
      run(`create table BuildTraceV3 (id integer primary key, drvPath text, outputName text, outputPath text, signatures text);
      insert into BuildTraceV3 values (1, 'x.drv', 'out', '${output}', 'a-1:x'), (2, 'gone.drv', 'out', '${samplePath(9)}', '');`);
      using database = await openStoreDatabase(file);
      expect(database.buildTrace('x.drv', 'out')).toEqual({
        path: samplePath(1),
        signatures: ['a-1:x'],
        dependencies: new Map(),
      });
      expect(database.buildTrace('gone.drv', 'out')).toBeUndefined();
      expect(database.realisation(hash('a'), 'out')).toBeUndefined();
    },
  );
});
