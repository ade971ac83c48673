import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Builder } from './builder.ts';
import { watchMachinesFile } from './watch-machines-file.ts';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'machines-'));
  file = join(folder, 'machines');
});
afterEach(() => rmSync(folder, { recursive: true }));

function watching(path = file) {
  const told: (readonly Builder[])[] = [];
  const problems: string[] = [];
  const watch = watchMachinesFile(path, {
    defaultSystem: 'x86_64-linux',
    onBuilders: (builders) => told.push(builders),
    onProblem: (problem) => problems.push(problem),
  });
  const names = (): string[] | undefined => told.at(-1)?.map(({ name, slots }) => `${name} ${slots}`);
  return { told, problems, names, [Symbol.dispose]: () => watch[Symbol.dispose]() };
}

it('tells what is there, what is written later, and that all is gone', async () => {
  using machines = watching();
  expect(machines.names()).toEqual([]);
  writeFileSync(file, 'ssh://a x86_64-linux - 4\n');
  await expect.poll(machines.names).toEqual(['ssh-ng://a 4']);
  unlinkSync(file);
  await expect.poll(machines.names).toEqual([]);
});

it('notices a file that is put in place of another, and keeps what has not changed', async () => {
  writeFileSync(file, 'ssh://a\nssh://b - - 1\n');
  using machines = watching();
  const [a] = machines.told[0] ?? [];
  writeFileSync(`${file}.new`, 'ssh://b - - 2\nssh://a\n');
  renameSync(`${file}.new`, file);
  await expect.poll(machines.names).toEqual(['ssh-ng://b 2', 'ssh-ng://a 1']);
  expect(machines.told.at(-1)?.[1]).toBe(a);
});

it('keeps the builders when the file is not right, and says so', async () => {
  writeFileSync(file, 'ssh://a\n');
  using machines = watching();
  writeFileSync(file, 'ssh://a\nssh://b - - many\n');
  await expect
    .poll(() => machines.problems)
    .toEqual([expect.stringMatching(/^the builders stay as they were: .*machines, line 2/)]);
  expect(machines.told).toHaveLength(1);
  writeFileSync(file, 'ssh://c\n');
  await expect.poll(machines.names).toEqual(['ssh-ng://c 1']);
});

it('follows links on the way, as a new NixOS system changes only the first of them', async () => {
  for (const version of ['one', 'two']) {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'machines'), `ssh://${version}\n`);
  }
  mkdirSync(join(folder, 'etc'));
  symlinkSync(join(folder, 'one'), join(folder, 'static'));
  symlinkSync('../static/machines', join(folder, 'etc', 'machines'));
  using machines = watching(join(folder, 'etc', 'machines'));
  expect(machines.names()).toEqual(['ssh-ng://one 1']);
  symlinkSync(join(folder, 'two'), join(folder, 'static.new'));
  renameSync(join(folder, 'static.new'), join(folder, 'static'));
  await expect.poll(machines.names).toEqual(['ssh-ng://two 1']);
  writeFileSync(join(folder, 'two', 'machines'), 'ssh://three\n');
  await expect.poll(machines.names).toEqual(['ssh-ng://three 1']);
});

it('outlives the removal of its folder', async () => {
  const inner = join(folder, 'nix');
  mkdirSync(inner);
  writeFileSync(join(inner, 'machines'), 'ssh://one\n');
  using machines = watching(join(inner, 'machines'));
  renameSync(inner, join(folder, 'old'));
  await expect.poll(machines.names).toEqual([]);
  mkdirSync(inner);
  writeFileSync(join(inner, 'machines'), 'ssh://two\n');
  await expect.poll(machines.names).toEqual(['ssh-ng://two 1']);
});

it('waits for folders that are not there yet', async () => {
  const deep = join(folder, 'etc', 'nix', 'machines');
  using machines = watching(deep);
  mkdirSync(join(folder, 'etc'));
  mkdirSync(join(folder, 'etc', 'nix'));
  writeFileSync(deep, 'ssh://late\n');
  await expect.poll(machines.names).toEqual(['ssh-ng://late 1']);
});
