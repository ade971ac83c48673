import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import type { PathInfo } from '../../store/store.ts';
import { liveTree } from './live-tree.ts';
import { resolveStoreFile } from './resolve-store-file.ts';

const app = '5k2r78dr3fdr14rll13sm5dmjb5fpw3r-app';
const lib = '7dvd7jp9sa3lhwg6ls7dl2p8ifd3mv72-lib';
const hidden = 'zlgwnfxvbazqglsxvwjvmphxnmabxnql-hidden';
/** `hidden` is on disk, and not valid. */
const valid = new Map([app, lib].map((name) => [name.slice(0, 32), infoOf(name)] as const));

function infoOf(name: string): PathInfo {
  return {
    path: parseStorePath(`/nix/store/${name}`),
    deriver: undefined,
    narHash: '00'.repeat(32),
    narSize: 1,
    references: [],
    registrationTime: 1,
    ultimate: true,
    signatures: [],
    contentAddress: '',
  };
}

let store = '';
beforeEach(() => {
  store = mkdtempSync(path.join(tmpdir(), 'store-'));
  for (const name of [app, lib, hidden]) mkdirSync(`${store}/${name}/bin`, { recursive: true });
  writeFileSync(`${store}/${app}/bin/run`, 'app');
  writeFileSync(`${store}/${lib}/bin/tool`, 'lib');
  writeFileSync(`${store}/${hidden}/bin/secret`, 'hidden');
});
afterEach(() => rmSync(store, { recursive: true }));

/** Where the names lead to, below the store folder. */
async function resolve(...names: readonly string[]): Promise<string | undefined> {
  const found = await resolveStoreFile(
    infoOf(app),
    names.map((name) => Buffer.from(name)),
    async (hashPart) => valid.get(hashPart),
    (info, below) => liveTree(store).look(info, below),
  );
  if (found === undefined) return undefined;
  return [found.path.path.slice('/nix/store/'.length), ...found.names.map(String)].join('/');
}
const link = (target: string, name = 'link'): void => symlinkSync(target, `${store}/${app}/${name}`);

describe('resolveStoreFile', () => {
  it('finds files and folders', async () => {
    expect(await resolve()).toBe(app);
    expect(await resolve('bin')).toBe(`${app}/bin`);
    expect(await resolve('bin', 'run')).toBe(`${app}/bin/run`);
    expect(await resolve('bin', 'walk')).toBeUndefined();
    expect(await resolve('bin', 'run', 'x')).toBeUndefined();
  });

  it.each([
    ['inside the path', 'bin/run', `${app}/bin/run`],
    ['up and down again', 'bin/../bin/./run', `${app}/bin/run`],
    ['to another path', `/nix/store/${lib}/bin/tool`, `${lib}/bin/tool`],
    ['to another path, relative', `../${lib}/bin//tool`, `${lib}/bin/tool`],
    ['to a folder', `/nix//store/${lib}/bin/`, `${lib}/bin`],
    ['to the path itself', '.', app],
  ])('follows links %s', async (_what, target, file) => {
    link(target);
    expect(await resolve('link')).toBe(file);
  });

  it.each([
    ['out of the store', '/etc/passwd'],
    ['out of the store by way of it', '/nix/store/../../etc/passwd'],
    ['above the store, relative', '../../etc/passwd'],
    ['to the store itself', '/nix/store'],
    ['to the store itself, relative', '..'],
    ['to a path that is not valid', `/nix/store/${hidden}/bin/secret`],
    ['to a path that is not valid, relative', `../${hidden}/bin/secret`],
    ['to the hash of a path under another name', `/nix/store/${lib.slice(0, 32)}-other/bin/tool`],
    ['to something in the store that is no path', '/nix/store/.links/x'],
    ['to nothing', 'nowhere'],
    ['through a file', 'bin/run/../run'],
    ['to itself', 'link'],
  ])('follows no link %s', async (_what, target) => {
    link(target);
    expect(await resolve('link')).toBeUndefined();
  });

  it('goes on behind a link to a folder, and checks where that leads', async () => {
    link(`../${lib}`);
    symlinkSync('../../../../etc', `${store}/${lib}/bin/etc`);
    expect(await resolve('link', 'bin', 'tool')).toBe(`${lib}/bin/tool`);
    expect(await resolve('link', 'bin', 'etc')).toBeUndefined();
    expect(await resolve('link', 'bin', 'etc', 'passwd')).toBeUndefined();
  });

  it('gives up on links without end', async () => {
    link('b', 'a');
    link('a', 'b');
    expect(await resolve('a')).toBeUndefined();
  });

  it('follows a store path that is a link itself', async () => {
    rmSync(`${store}/${app}`, { recursive: true });
    symlinkSync(`${lib}/bin`, `${store}/${app}`);
    expect(await resolve('tool')).toBe(`${lib}/bin/tool`);
  });
});
