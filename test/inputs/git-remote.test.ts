/** Repositories elsewhere: credentials over HTTP and ssh, and servers that mean no good. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab/lab.ts';
import { processesWith, until } from '../store/nix-lab.ts';
import { gitRepository } from './git-repository.ts';
import { type GitServer, startGitServer } from './git-server.ts';
import { type InputFixture, inputFixture } from './input-fixture.ts';

let fixture: InputFixture;
let server: GitServer;
let rev: string;

beforeAll(async () => {
  fixture = await inputFixture();
  rev = gitRepository(join(fixture.folder, 'served/repository')).commit({ a: '1' });
  gitRepository(join(fixture.folder, 'served/private')).git('pull', '--quiet', '../repository');
  server = await startGitServer(join(fixture.folder, 'served'), 'me:s:ecret');
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await fixture[Symbol.asyncDispose]();
});

describe('over HTTP', () => {
  it('a password in the address opens the repository, and is seen nowhere', async () => {
    const seen = new Set<string>();
    const look = setInterval(() => {
      for (const line of processesWith('git')) seen.add(line);
    }, 5);
    const { attributes, input } = await fixture
      .fetchPath('git', `http://me:s%3Aecret@${server.host}/repository main`)
      .finally(() => clearInterval(look));

    expect(attributes).toMatchObject({ rev, uri: `http://${server.host}/repository` });
    expect(input.uri).toBe(`http://${server.host}/repository`);
    expect(server.credentials).toContain('me:s:ecret');
    expect([...seen].some((line) => line.includes('remote-http'))).toBe(true);
    expect([...seen].join('\n')).not.toMatch(/s(?::|%3A)ecret/);
    const cache = fixture.deps.cacheDirectory;
    const files = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    for (const file of files) {
      expect(readFileSync(join(file.parentPath, file.name), 'latin1')).not.toMatch(/s(?::|%3A)ecret/);
    }
  });

  it('a wrong password is said to be wrong, without saying it', async () => {
    await expect(fixture.fetch('git', `http://me:wr0ng@${server.host}/repository`)).rejects.toMatchObject({
      code: 'input.fetch',
      message: expect.stringMatching(
        /^(?!.*wr0ng)cannot fetch the default branch of http:.*Authentication failed/s,
      ),
    });
  });

  it('without one nobody is asked', async () => {
    await expect(fixture.fetch('git', `http://${server.host}/repository`)).rejects.toMatchObject({
      message: expect.stringContaining('terminal prompts disabled'),
    });
  });

  it('the credential helper of the user’s own configuration is heard', async () => {
    const home = join(fixture.folder, 'home');
    mkdirSync(home);
    writeFileSync(join(home, '.gitconfig'), `[credential]\n\thelper = store --file=${home}/credentials\n`);
    writeFileSync(join(home, 'credentials'), `http://me:s%3aecret@${server.host}\n`);

    const { attributes } = await fixture.fetchPath('git', `http://${server.host}/repository main`, {
      env: { ...process.env, HOME: home },
    });

    expect(attributes.rev).toBe(rev);
  });

  it('what one may read is not given to another who names the same repository', async () => {
    await fixture.fetch('git', `http://me:s%3Aecret@${server.host}/private ${rev}`);

    await expect(fixture.fetch('git', `http://${server.host}/private ${rev}`)).rejects.toMatchObject({
      code: 'input.fetch',
    });
  });
});

describe('a server that means no good', () => {
  it.each(['hang', 'flood'])('is left when the time is over: %s', async (what) => {
    const value = `http://${server.host}/${what} main`;

    await expect(fixture.fetch('git', value, { timeoutMs: 500 })).rejects.toMatchObject({
      code: 'input.fetch',
      message: `fetching http://${server.host}/${what} did not end within 0.5 seconds`,
    });

    await until(() => processesWith(server.host).length === 0, 'no git of the fetch is left');
  });

  it('is left after the seconds that the input says', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };

    await expect(fixture.fetch('git', `git://127.0.0.1:${port}/x main timeout=1`)).rejects.toThrow(
      'did not end within 1 seconds',
    );
    silent.close();
  });

  it('does not keep the next one waiting, nor one that is interrupted', async () => {
    const value = `http://${server.host}/hang main`;
    const stop = new AbortController();
    const first = fixture.fetch('git', value, { timeoutMs: 1500 });
    const second = fixture.fetch('git', value, { signal: stop.signal });
    const failures = Promise.allSettled([first, second]);
    await until(() => processesWith('remote-http').length > 0, 'the first one fetches');
    stop.abort();

    await expect(second).rejects.toMatchObject({ code: 'interrupted' });
    await failures;
    const { attributes } = await fixture.fetchPath('git', `http://me:s%3Aecret@${server.host}/repository`);
    expect(attributes.rev).toBe(rev);
  });
});

describe('over ssh', () => {
  let lab: Lab;
  let address: string;
  let env: Record<string, string | undefined>;

  beforeAll(async () => {
    lab = await createLab();
    const host = await lab.addHost('forge');
    address = `root@${host.address}:/root/repository`;
    const script = `git init -q -b main /root/repository && cd /root/repository && echo 1 > a && git add a &&
      git -c user.name=A -c user.email=a@example.org commit -qm change`;
    await host.exec(script);
    writeFileSync(join(fixture.folder, 'known_hosts'), `${host.address} ${host.hostKey}\n`);
    env = {
      ...process.env,
      GIT_SSH_COMMAND: `ssh -F /dev/null -o UserKnownHostsFile=${fixture.folder}/known_hosts`,
    };
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  it('a key file opens the repository', async () => {
    const { attributes } = await fixture.fetchPath('git', `${address} main sshKey=${lab.identityFile}`, {
      env,
    });

    expect(attributes).toMatchObject({ revCount: 1, uri: address });
  });

  it('another key does not, and nobody is asked', async () => {
    const key = join(fixture.folder, 'other-key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);

    await expect(fixture.fetch('git', `${address} main sshKey=${key}`, { env })).rejects.toMatchObject({
      code: 'input.fetch',
      message: expect.stringContaining('Permission denied'),
    });
  });
});
