import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Builder } from '../../build/builder.ts';
import { followBuilders, readBuilders } from './follow-builders.ts';

let file: string;
beforeEach(async () => {
  file = path.join(await mkdtemp(path.join(tmpdir(), 'machines-')), 'machines');
});
afterEach(() => rm(path.dirname(file), { recursive: true }));

const settings = (machines: readonly string[] = []) => ({ machines, 'machines-file': file });

it('takes the machines of the file and of the configuration', async () => {
  await writeFile(file, 'ssh-ng://root@a x86_64-linux - 4\n');

  const builders = readBuilders(settings(['ssh-ng://root@b aarch64-linux - 2']), {});

  expect(builders.map(({ name, slots }) => [name, slots])).toEqual([
    ['ssh-ng://root@a', 4],
    ['ssh-ng://root@b', 2],
  ]);
});

it('gives the same builder again for a machine that has not changed', async () => {
  const known = new Map<string, Builder>();
  await writeFile(file, 'ssh-ng://root@a x86_64-linux - 4\nssh-ng://root@b x86_64-linux\n');
  const [a, b] = readBuilders(settings(), {}, known);
  await writeFile(file, 'ssh-ng://root@b x86_64-linux\nssh-ng://root@a x86_64-linux - 8\n');
  const after = readBuilders(settings(), {}, known);

  expect(after[0]).toBe(b);
  expect(after[1]).not.toBe(a);
  expect(after[1]).toMatchObject({ slots: 8 });
});

it('needs no file', () => {
  expect(readBuilders(settings(), {})).toEqual([]);
});

it('tells of every change, of a file that comes, and of a mistake without losing the builders', async () => {
  const seen: (readonly string[] | string)[] = [];
  using _following = followBuilders({
    settings: settings(),
    env: {},
    known: new Map(),
    onChange: (builders: readonly Builder[]) => seen.push(builders.map(({ name }) => name)),
    onFault: (message) => seen.push(message),
  });
  const said = (what: unknown): Promise<void> => vi.waitFor(() => expect(seen.at(-1)).toEqual(what));

  await writeFile(file, 'ssh-ng://root@a x86_64-linux\n');
  await said(['ssh-ng://root@a']);
  // Not told of the file that was missing at first.
  expect(seen).toHaveLength(1);
  await writeFile(file, 'ssh-ng://root@a x86_64-linux - many\n');
  await said(expect.stringMatching(/^the builders stay as they were: .*many/));
  await writeFile(file, 'ssh-ng://root@a x86_64-linux\nssh-ng://root@bb x86_64-linux\n');
  await said(['ssh-ng://root@a', 'ssh-ng://root@bb']);
  await rm(file);
  await said([]);
});
