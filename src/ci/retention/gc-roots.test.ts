import { lstat, mkdir, mkdtemp, readdir, readlink, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { storePathBaseName } from '../../nix/store-path.ts';
import { testPath } from '../testing/test-database.ts';
import { type GcRoots, openGcRoots } from './gc-roots.ts';

let directory: string;
let told: string[];
let time: number;
let roots: GcRoots;

const a = testPath('a');
const b = testPath('b.drv');
const linkOf = (path: typeof a): string => join(directory, storePathBaseName(path));

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'roots.')), 'gcroots');
  told = [];
  time = Date.now();
  await open();
});

afterEach(() => rm(directory, { recursive: true }));

async function open(): Promise<void> {
  roots = await openGcRoots(directory, { addIndirectRoot: async (link) => void told.push(link) }, () => time);
}

it('links each path once, and tells Nix', async () => {
  await roots.ensure([a, b]);
  await Promise.all([roots.ensure([a]), roots.ensure([a])]);

  expect(await readlink(linkOf(a))).toBe(a);
  expect(told).toEqual([linkOf(a), linkOf(b)]);
  expect((await roots.list()).map(({ path, link }) => [path, link])).toEqual([
    [a, linkOf(a)],
    [b, linkOf(b)],
  ]);
});

it('tells Nix again of what an earlier server may not have told', async () => {
  await symlink(a, linkOf(a));
  await roots.ensure([a]);

  expect(told).toEqual([linkOf(a)]);
});

it('replaces what is not the link that it should be', async () => {
  await mkdir(linkOf(a));
  await symlink('/nix/store/elsewhere', linkOf(b));
  await roots.ensure([a, b]);

  expect(await readlink(linkOf(a))).toBe(a);
  expect(await readlink(linkOf(b))).toBe(b);
});

it('tries again what failed', async () => {
  let works = false;
  roots = await openGcRoots(
    directory,
    {
      addIndirectRoot: async () => {
        if (!works) throw new Error('no daemon');
      },
    },
    () => time,
  );
  await expect(roots.ensure([a])).rejects.toThrow('no daemon');
  works = true;
  await roots.ensure([a]);
});

it('says when a root was asked for last', async () => {
  await symlink(a, linkOf(a));
  const { mtimeMs } = await lstat(linkOf(a));
  expect(await roots.list()).toMatchObject([{ path: a, madeAt: mtimeMs }]);
  time += 1_000_000;
  await roots.ensure([a]);
  expect(await roots.list()).toMatchObject([{ path: a, madeAt: time }]);
});

it('does not list what is none of its own', async () => {
  await writeFile(join(directory, 'README'), '');
  await utimes(directory, 1, 1);

  expect(await roots.list()).toEqual([]);
});

it('removes a root, but none that was asked for meanwhile', async () => {
  await roots.ensure([a, b]);
  const since = ++time;
  await roots.ensure([b]);

  expect(await roots.remove(a, since)).toBe(true);
  expect(await roots.remove(b, since)).toBe(false);
  expect(await readdir(directory)).toEqual([storePathBaseName(b)]);
});

it('makes a root again that is asked for while it is removed', async () => {
  await roots.ensure([a]);
  const removing = roots.remove(a, time + 1);
  await Promise.all([removing, roots.ensure([a])]);

  expect(await readlink(linkOf(a))).toBe(a);
  expect(told).toHaveLength(2);
});
