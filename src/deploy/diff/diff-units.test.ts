import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { diffUnits } from './diff-units.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'proteus-units-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A system with these units, each a link to a file of that name in the folder. */
async function system(name: string, units: Readonly<Record<string, string>>): Promise<string> {
  const where = path.join(folder, name, 'etc/systemd/system');
  await mkdir(where, { recursive: true });
  for (const [unit, file] of Object.entries(units)) {
    await writeFile(path.join(folder, file), '');
    await mkdir(path.dirname(path.join(where, unit)), { recursive: true });
    await symlink(path.join(folder, file), path.join(where, unit));
  }
  return path.join(folder, name);
}

it('tells units by what they are in the store', async () => {
  const before = await system('a', { 'web.service': 'web-1', 'db.service': 'db-1', 'old.timer': 'old' });
  const after = await system('b', {
    'web.service': 'web-2',
    'db.service': 'db-1',
    'new.socket': 'new',
    notes: 'n',
  });

  expect(await diffUnits(before, after)).toEqual({
    added: ['new.socket'],
    removed: ['old.timer'],
    changed: ['web.service'],
  });
});

it('counts what is added to a unit of a package as part of it', async () => {
  const added = 'nix-daemon.service.d/overrides.conf';
  const before = await system('a', { 'nix-daemon.service': 'nix', [added]: 'own-1', 'app.service': 'app' });
  const after = await system('b', {
    'nix-daemon.service': 'nix',
    [added]: 'own-2',
    'app.service': 'app',
    'app.service.d/notes': 'no part of it',
    'user-.slice.d/10-limits.conf': 'limits',
  });

  expect(await diffUnits(before, after)).toEqual({
    added: ['user-.slice'],
    removed: [],
    changed: ['nix-daemon.service'],
  });
});

it('says nothing of a system that is not here, and finds none in one that has none', async () => {
  const one = await system('a', { 'web.service': 'web-1' });
  expect(await diffUnits(one, path.join(folder, 'nosuch'))).toBeUndefined();
  await mkdir(path.join(folder, 'bare'));
  expect(await diffUnits(one, path.join(folder, 'bare'))).toEqual({
    added: [],
    removed: ['web.service'],
    changed: [],
  });
});
