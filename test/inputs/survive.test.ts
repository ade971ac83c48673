/** A server that is killed in the middle of a fetch: nothing of it goes on, and the next one begins where it can. */

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processesWith, until } from '../store/nix-lab.ts';
import { gitRepository } from './git-repository.ts';
import { type GitServer, startGitServer } from './git-server.ts';
import { type InputFixture, inputFixture } from './input-fixture.ts';

let fixture: InputFixture;
let server: GitServer;

beforeAll(async () => {
  fixture = await inputFixture();
  server = await startGitServer(fixture.folder);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await fixture[Symbol.asyncDispose]();
});

/** Fetches in a process of its own; the module is the real thing, the store is the lab's. */
function fetchElsewhere(value: string, path = process.env.PATH): ReturnType<typeof spawn> {
  const source = join(import.meta.dirname, '../../src');
  const script = `
    import { gitInput } from '${source}/inputs/git/index.ts';
    import { openStore } from '${source}/store/open-store.ts';
    const store = await openStore({ type: 'local' });
    await gitInput.fetch({ name: 'x', type: 'git', value: ${JSON.stringify(value)} }, {
      store, cacheDirectory: ${JSON.stringify(fixture.deps.cacheDirectory)}, project: 'p', jobset: 'j',
      keep: async () => {}, env: process.env, now: Date.now,
    });`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, PATH: path },
  });
}

describe('kill -9', () => {
  it('while a server does not answer leaves no process and no lock', async () => {
    const value = `http://${server.host}/hang main`;
    const killed = fetchElsewhere(value);
    await until(() => processesWith('remote-http').length > 0, 'git waits for the server');

    killed.kill('SIGKILL');

    await until(() => processesWith(server.host).length === 0, 'git is gone');
    await expect(fixture.fetch('git', value, { timeoutMs: 300 })).rejects.toThrow(
      'did not end within 0.3 seconds',
    );
  });

  it('at any time of a fetch is made good by the next', async () => {
    const repository = gitRepository(join(fixture.folder, 'repository'));
    const files = Array.from({ length: 2000 }, (_, at): [string, string] => [
      `d${at % 50}/f${at}`,
      String(at),
    ]);
    repository.commit(Object.fromEntries(files));
    for (const step of ['init', 'fetch', 'describe', 'read-tree']) {
      repository.commit({ step });
      const begun = join(fixture.folder, `begun-${step}`);
      const killed = fetchElsewhere(repository.folder, pathThatStaysAt(step, begun));
      await until(() => existsSync(begun), `git does ${step}`);
      killed.kill('SIGKILL');
      await until(() => processesWith(fixture.deps.cacheDirectory).length === 0, 'all of it is gone');

      const { storePath } = await fixture.fetchPath('git', repository.folder);

      expect(readdirSync(storePath).length).toBe(51);
      const left = readdirSync(join(fixture.deps.cacheDirectory, 'git')).filter((name) =>
        name.endsWith('.work'),
      );
      expect(left).toEqual([]);
    }
  });
});

/** A PATH on which git begins a step, says so by making a file, and never comes to the end of it. */
function pathThatStaysAt(step: string, begun: string): string {
  const bin = join(fixture.folder, `bin-${step}`);
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  mkdirSync(bin);
  const script = `#!/bin/sh
    case " $* " in *" ${step} "*) ${real} "$@" & sleep 0.01; : > ${begun}; wait; sleep 1000;; esac
    exec ${real} "$@"`;
  writeFileSync(join(bin, 'git'), script, { mode: 0o755 });
  return `${bin}:${process.env.PATH}`;
}
