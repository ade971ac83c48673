import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { watchMachinesFile } from './watch-machines-file.ts';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'machines-'));
  file = join(folder, 'machines');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What is read of the file, each time that it is told to have changed. */
function watching(path = file) {
  const told: string[] = [];
  const watch = watchMachinesFile(path, () => {
    try {
      told.push(readFileSync(path, 'utf8'));
    } catch {
      told.push('(none)');
    }
  });
  return { told, last: () => told.at(-1), [Symbol.dispose]: () => watch[Symbol.dispose]() };
}

it('tells of a file that comes, changes, is put in place of another, and goes', async () => {
  using machines = watching();
  writeFileSync(file, 'one');
  await expect.poll(machines.last).toBe('one');
  writeFileSync(file, 'two');
  await expect.poll(machines.last).toBe('two');
  writeFileSync(`${file}.new`, 'six');
  renameSync(`${file}.new`, file);
  await expect.poll(machines.last).toBe('six');
  unlinkSync(file);
  await expect.poll(machines.last).toBe('(none)');
});

it('tells nothing of what else happens in its folder', async () => {
  writeFileSync(file, 'one');
  using machines = watching();
  for (let count = 0; count < 5; count += 1) writeFileSync(join(folder, `other-${count}`), '');
  await delay(200);
  expect(machines.told).toEqual([]);
  utimesSync(file, 1, 1);
  await expect.poll(machines.last).toBe('one');
});

it('follows links on the way, as a new NixOS system changes only the first of them', async () => {
  for (const version of ['one', 'two']) {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'machines'), version);
  }
  mkdirSync(join(folder, 'etc'));
  symlinkSync(join(folder, 'one'), join(folder, 'static'));
  symlinkSync('../static/machines', join(folder, 'etc', 'machines'));
  using machines = watching(join(folder, 'etc', 'machines'));
  symlinkSync(join(folder, 'two'), join(folder, 'static.new'));
  renameSync(join(folder, 'static.new'), join(folder, 'static'));
  await expect.poll(machines.last).toBe('two');
  writeFileSync(join(folder, 'two', 'machines'), 'three');
  await expect.poll(machines.last).toBe('three');
});

it('outlives the removal of its folder, and waits for one that is not there', async () => {
  const deep = join(folder, 'etc', 'nix', 'machines');
  using machines = watching(deep);
  mkdirSync(dirname(deep), { recursive: true });
  writeFileSync(deep, 'one');
  await expect.poll(machines.last).toBe('one');
  renameSync(dirname(deep), join(folder, 'old'));
  await expect.poll(machines.last).toBe('(none)');
  mkdirSync(dirname(deep));
  writeFileSync(deep, 'two');
  await expect.poll(machines.last).toBe('two');
});

it('takes a circle of links for no file, until it is one', async () => {
  symlinkSync('machines', file);
  using machines = watching();
  unlinkSync(file);
  writeFileSync(file, 'one');
  await expect.poll(machines.last).toBe('one');
});
