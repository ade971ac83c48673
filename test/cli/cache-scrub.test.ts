import { existsSync, readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type StorePath, storePathHash } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { buildPath } from '../cache/build-path.ts';
import { deleteFromStore } from '../helpers/delete-from-store.ts';
import { parseEvents, proteus } from '../helpers/proteus.ts';
import { serveCache } from '../helpers/serve-cache.ts';
import { makeFolder } from '../helpers/write-network.ts';

let made = 0;
let nars: string;
let served: StorePath;
/** The only file there. */
let file: string;

beforeEach(async () => {
  nars = path.join(await makeFolder(), 'nars');
  served = await buildPath(
    `scrubbed-${++made}`,
    'for i in 1 2 3 4 5 6 7 8 9; do echo scrubbed $i; done > $out',
  );
  await using cache = await serveCache('scrub-1', ['--nars', nars]);
  const url = `http://127.0.0.1:${cache.port}`;
  const narinfo = async (): Promise<string> =>
    (await fetch(`${url}/${storePathHash(served)}.narinfo`)).text();
  const live = /^URL: (.*)$/m.exec(await narinfo())?.[1];
  await (await fetch(`${url}/${live}`)).arrayBuffer();
  await vi.waitUntil(async () => (await narinfo()).includes('Compression: zstd'), { timeout: 25_000 });
  [file = ''] = files();
});

function files(): readonly string[] {
  return readdirSync(path.join(nars, 'nar'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

async function damage(): Promise<void> {
  await using handle = await open(file, 'r+');
  const { size } = await handle.stat();
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  await handle.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, size - 1);
}

const scrub = (...flags: readonly string[]) =>
  proteus(['cache', 'scrub', '--nars', nars, '--json', ...flags]);

describe('proteus cache scrub', () => {
  it('finds nothing where all is well, and makes anew what is damaged while the store has it', async () => {
    const well = await scrub();
    await damage();
    const mended = await scrub();
    const after = await scrub();

    const unharmed = { files: 1, repaired: 0, withdrawn: 0, orphans: 0, unreadable: 0 };
    expect([well.code, mended.code, after.code]).toEqual([0, 0, 0]);
    expect(parseEvents(well.stdout).at(-1)).toMatchObject(unharmed);
    expect(parseEvents(mended.stdout).at(-1)).toMatchObject({ ...unharmed, repaired: 1 });
    expect(parseEvents(after.stdout).at(-1)).toMatchObject(unharmed);
  });

  it('gives up what is damaged and nowhere else, and says so', async () => {
    await damage();
    await deleteFromStore([served]);
    const { code, stdout } = await scrub();

    expect(code).toBe(1);
    expect(parseEvents(stdout).at(-1)).toMatchObject({ files: 1, repaired: 0, withdrawn: 1 });
    expect(stdout).toContain(`${served} is kept no more`);
    expect(files()).toEqual([]);
  });

  it('touches no file where the database is not there that would know them', async () => {
    const elsewhere = path.join(await makeFolder(), 'nars');
    await runProcess(['cp', '-r', nars, elsewhere]);
    await runProcess(['sh', '-c', 'rm "$0"/proteus.db*', elsewhere]);
    const copy = path.join(elsewhere, path.relative(nars, file));
    const { code, stderr } = await proteus(['cache', 'scrub', '--nars', elsewhere]);

    expect([code, existsSync(copy)]).toEqual([2, true]);
    expect(stderr).toContain(`there is none in ${elsewhere}`);
  });
});
