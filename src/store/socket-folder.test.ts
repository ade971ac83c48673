import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeSocketFolder, removeDeadSocketFolders } from './socket-folder.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'proteus-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

/** No process has it: it is beyond what the kernel gives. */
const deadPid = '99999999';

it('removes what a process that is gone left behind, and nothing else', async () => {
  const ours = basename(await makeSocketFolder(parent));
  const [, namespace] = ours.split('.');
  const left = `proteus-ssh.${namespace}.${deadPid}.abc`;
  for (const name of [left, 'something-else']) mkdirSync(join(parent, name));

  await removeDeadSocketFolders(parent);

  expect(readdirSync(parent).sort()).toEqual([ours, 'something-else'].sort());
});

it('leaves alone what belongs to another PID namespace, whose processes it cannot see', async () => {
  const theirs = `proteus-ssh.1.${deadPid}.abc`;
  mkdirSync(join(parent, theirs));

  await removeDeadSocketFolders(parent);

  expect(readdirSync(parent)).toEqual([theirs]);
});
