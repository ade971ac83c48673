import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveInStore } from './resolve-in-store.ts';

let root: string;
let store: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'resolve-in-store.'));
  store = join(root, 'store');
  await mkdir(join(store, 'a-out/share'), { recursive: true });
  await mkdir(join(store, 'b-out'));
  await writeFile(join(store, 'a-out/share/file'), '');
  await writeFile(join(root, 'secret'), '');
  const links: Record<string, string> = {
    'b-out/absolute': join(store, 'a-out/share'),
    'b-out/relative': '../a-out/share/file',
    'b-out/twice': 'relative',
    'b-out/outside': '../../secret',
    'b-out/there-and-back': '../../back',
    'b-out/loop': 'loop',
    'b-out/dangling': 'nothing',
  };
  for (const [link, target] of Object.entries(links)) await symlink(target, join(store, link));
  await symlink(join(store, 'a-out/share/file'), join(root, 'back'));
});

afterAll(() => rm(root, { recursive: true }));

describe('resolveInStore', () => {
  it.each([
    ['a-out', 'a-out'],
    ['a-out/share/file', 'a-out/share/file'],
    ['a-out//share/', 'a-out/share'],
    ['b-out/absolute/file', 'a-out/share/file'],
    ['b-out/relative', 'a-out/share/file'],
    ['b-out/twice', 'a-out/share/file'],
  ])('follows %s', async (path, real) => {
    expect(await resolveInStore(`${store}/${path}`, store)).toBe(`${store}/${real}`);
  });

  it.each([
    ['a-out/nothing', 'it is not there'],
    ['a-out/share/file/below', 'a file has nothing below it'],
    ['b-out/dangling', 'the target is not there'],
    ['b-out/loop', 'a loop of symlinks'],
    ['b-out/outside', 'a symlink out of the store'],
    ['b-out/there-and-back', 'a symlink out of the store and back in'],
    ['../secret', 'dots that leave the store'],
    ['a-out/../../secret', 'dots that leave the store later'],
  ])('gives %s up: %s', async (path) => {
    expect(await resolveInStore(`${store}/${path}`, store)).toBeUndefined();
  });

  it.each([['/etc/passwd'], ['store/a-out'], [''], ['/']])('gives %j up: not in the store', async (path) => {
    expect(await resolveInStore(path, store)).toBeUndefined();
  });

  it('gives the store itself up, and what only begins like it', async () => {
    expect(await resolveInStore(store, store)).toBeUndefined();
    expect(await resolveInStore(`${store}-other/x`, store)).toBeUndefined();
  });
});
