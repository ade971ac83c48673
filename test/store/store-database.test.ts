/** The view of the real database, while real Nix writes to it, and as a user who may not write. */

import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { relative } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { StorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { startProcess } from '../../src/process/start-process.ts';
import { openStore } from '../../src/store/open-store.ts';
import { queryClosure } from '../../src/store/query-closure.ts';
import { openStoreDatabase } from '../../src/store/store-database.ts';
import { build, derivation, instantiate } from './nix-lab.ts';

const db = '/nix/var/nix/db/db.sqlite';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const readerProgram = fileURLToPath(import.meta.resolve('./read-database.ts'));

/** The repository where anybody may read it: it may stand in a home that is closed to others, such as root's. */
async function openRepository() {
  const place = await mkdtemp('/tmp/proteus-repository.');
  await runProcess(['mount', '--bind', repository, place]);
  return {
    place,
    [Symbol.asyncDispose]: async () => {
      await runProcess(['umount', place]);
      await rmdir(place);
    },
  };
}

/** A reader of the database as nobody. */
async function readerAsNobody() {
  await using stack = new AsyncDisposableStack();
  const { place } = stack.use(await openRepository());
  const child = await startProcess([
    'setpriv',
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    process.execPath,
    `${place}/${relative(repository, readerProgram)}`,
  ]);
  stack.use(child);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the reader ended: ${errors}`);
    return String(value);
  };
  expect(await next()).toBe('ready 65534');
  const owned = stack.move();
  return {
    ask: async (storePath: StorePath): Promise<string> => {
      child.stdin.write(`${storePath}\n`);
      return next();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe('StoreDatabase', () => {
  it('knows what the daemon knows', async () => {
    const path = build(derivation('echo $dep $out > $out', `dep = ${derivation('echo > $out')};`));
    await using store = await openStore({ type: 'local' });
    using database = await openStoreDatabase();
    const closure = await queryClosure(store, [path]);
    expect(closure.length).toBe(2);
    expect(database.closure(path)).toEqual(closure);
    expect(database.lookupHashPart(path.slice(11, 43))).toEqual(closure.at(-1));
    const all = database.pathsAfter(0, 1_000_000).map(({ info }) => info?.path);
    expect(new Set(all)).toEqual(await store.queryAllValidPaths());
  });

  it('finds the derivation of an output that is not built', async () => {
    const { drvPath, drv } = instantiate(derivation('echo > $out', 'outputs = [ "out" "dev" ];'));
    using database = await openStoreDatabase();
    const dev = drv.outputs.get('dev')?.path;

    expect(dev && database.lookupPath(dev)).toBeUndefined();
    expect(dev && database.deriverOf(dev)).toBe(drvPath);
    expect(database.deriverOf(drvPath)).toBeUndefined();
  });

  it('goes on answering while builds write, and sees what they have built', async () => {
    using database = await openStoreDatabase();
    const first = build(derivation('echo > $out'));
    const names = Array.from({ length: 25 }, (_, i) => derivation(`echo ${i} > $out`));
    const building = promisify(execFile)('nix-build', [
      '--no-out-link',
      '-E',
      `[ ${names.map((one) => `(${one})`).join(' ')} ]`,
    ]);
    let done = false;
    void building.finally(() => {
      done = true;
    });
    const versions = new Set<number>();
    let asked = 0;
    while (!done) {
      expect(database.lookupPath(first)?.path).toBe(first);
      versions.add(database.dataVersion());
      asked += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { stdout } = await building;
    for (const path of stdout.trim().split('\n')) {
      expect(database.lookupHashPart(path.slice(11, 43))?.path).toBe(path);
    }
    expect(asked).toBeGreaterThan(10);
    expect(versions.size).toBeGreaterThan(2);
  });

  it('is there for a user who may not write, with and without a writer', async () => {
    const first = build(derivation('echo > $out'));
    // As an idle Nix before 2.22 leaves it.
    const writer = new DatabaseSync(db);
    writer.exec('pragma wal_checkpoint(truncate)');
    writer.close();
    for (const name of [`${db}-wal`, `${db}-shm`]) rmSync(name, { force: true });
    await using reader = await readerAsNobody();
    expect(await reader.ask(first)).toMatch(/^\d+ true$/);
    expect(existsSync(`${db}-wal`)).toBe(false);

    // A writer comes, and stays: what it commits is seen.
    const store = await openStore({ type: 'local' });
    const second = await store.addToStore({
      name: 'a',
      method: 'text',
      content: Buffer.from('a'),
      references: [],
    });
    expect(existsSync(`${db}-wal`)).toBe(true);
    expect(await reader.ask(second)).toMatch(/^\d+ true$/);
    const third = await store.addToStore({
      name: 'b',
      method: 'text',
      content: Buffer.from('b'),
      references: [],
    });
    expect(await reader.ask(third)).toMatch(/^\d+ true$/);

    // It goes, and another comes and goes while nobody asks.
    await store[Symbol.asyncDispose]();
    const fourth = build(derivation('echo > $out'));
    expect(await reader.ask(first)).toMatch(/^\d+ true$/);
    expect(await reader.ask(fourth)).toMatch(/^\d+ true$/);
  });

  it('is current for such a user as soon as a store keeps it open', async () => {
    const first = build(derivation('echo > $out'));
    await using store = await openStore({ type: 'local' });
    await using _lease = await store.leaseTempRoots([]);
    await using reader = await readerAsNobody();
    for (let i = 0; i < 5; i++) {
      const path = build(derivation('echo > $out'));
      expect(await reader.ask(path)).toMatch(/^\d+ true$/);
    }
    expect(await reader.ask(first)).toMatch(/^\d+ true$/);
  });
});
