/** `proteus up` in a git checkout: from one command to builds that clients of the cache can have. */

import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import { proteus } from '../helpers/proteus.ts';
import { bringUp, finished, serve, type TestServer } from '../helpers/serve.ts';
import { makeFolder, writeNetwork } from '../helpers/write-network.ts';
import { type GitRepository, gitRepository } from '../inputs/git-repository.ts';

let directory: string;
let network: string;
let repository: GitRepository;
beforeEach(async () => {
  const folder = await makeFolder();
  directory = path.join(folder, 'data');
  const checkout = path.join(folder, 'fleet');
  repository = gitRepository(checkout);
  network = await writeNetwork(
    { web01: '{ environment.note = [ "one" ]; }' },
    { folder: checkout, selfContained: true },
  );
  repository.commit({});
});

async function outputOf(server: TestServer, jobset: string): Promise<string> {
  const { stdout } = await proteus(['job', 'list', jobset, '--json', '--data-directory', directory]);
  const { builds } = JSON.parse(stdout) as {
    readonly builds: readonly { readonly buildoutputs: { readonly out: { readonly path: string } } }[];
  };
  expect(server.url).toMatch(/^http/);
  return builds[0]?.buildoutputs.out.path ?? '';
}

describe('proteus up', () => {
  it('builds every commit and serves it to clients that know nothing but the public key', async () => {
    await using server = await bringUp(directory, network);
    await server.told(finished('web01'));
    const first = await outputOf(server, 'fleet:network');
    const copy = (key: string, to: string) =>
      runProcess(
        [
          ...(['nix', '--extra-experimental-features', 'nix-command', 'copy', '--from', server.url] as const),
          ...['--to', path.join(directory, to), first],
          ...['--option', 'require-sigs', 'true', '--option', 'trusted-public-keys', key],
        ],
        { okCodes: [0, 1] },
      );

    expect(server.events.at(0)).toMatchObject({
      type: 'up',
      url: `${server.url}/jobset/fleet/network`,
      project: 'fleet',
      jobset: 'network',
    });
    expect(first).toMatch(/-nixos-system-web01$/);
    expect(await copy(server.publicKeys[0] ?? '', 'client')).toMatchObject({ code: 0 });
    expect(await copy('other-1:joJTYbc3EVonYyzyr4or+CCr+BGLe5lRRcsDC87Zee4=', 'stranger')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/lacks a (?:valid )?signature|not signed/),
    });

    await writeNetwork(
      { web01: '{ environment.note = [ "two" ]; }', db01: '{ }' },
      { folder: repository.folder, selfContained: true },
    );
    repository.commit({});
    await proteus(['jobset', 'evaluate', 'fleet:network', '--data-directory', directory]);
    await server.told(finished('db01'));

    expect(server.log()).toContain('fleet:network follows');
    expect(server.log()).toContain(`extra-trusted-public-keys = ${server.publicKeys[0]}`);
    process.kill(server.process.pid, 'SIGINT');
    expect(await server.process.exited).toEqual({ code: 0, signal: null });
  });

  it('uses the server that runs already, which stays when it ends', async () => {
    await using server = await serve(directory);
    await using up = await bringUp(directory, network, { args: ['--jobset', 'main'] });
    await server.told(finished('web01'));

    expect(up.url).toBe(server.url);
    expect(up.publicKeys).toEqual(server.publicKeys);
    process.kill(up.process.pid, 'SIGINT');
    expect(await up.process.exited).toEqual({ code: 0, signal: null });
    expect((await fetch(`${server.url}/api/v1/server`)).status).toBe(200);
  });

  it('follows another branch after a switch, and keeps what was set by hand', async () => {
    {
      await using first = await bringUp(directory, network);
      await first.told(finished('web01'));
      await proteus(['jobset', 'edit', 'fleet:network', '--keep', '9', '--data-directory', directory]);
    }
    repository.git('switch', '--quiet', '--create', 'next');
    await writeNetwork({ next01: '{ }' }, { folder: repository.folder, selfContained: true });
    repository.commit({});
    await using second = await bringUp(directory, network);
    await second.told(finished('next01'));

    const { stdout } = await proteus(['jobset', 'show', 'fleet:network', '--data-directory', directory]);
    expect(stdout).toMatch(/evaluations kept +9/);
    expect(stdout).toContain(`${repository.folder} next`);
  });

  it('warns of what is not committed', async () => {
    repository.write('new.nix', '{ }');
    await using server = await bringUp(directory, network);

    expect(server.events).toContainEqual({
      type: 'message',
      level: 'warning',
      text: `not committed in ${repository.folder}, so the server does not see it: new.nix`,
    });
  });

  it('starts nothing outside of a checkout', async () => {
    const file = await writeNetwork({ web01: '{ }' });

    const { code, stderr } = await proteus(['up', file, '--data-directory', directory]);

    expect(code).toBe(1);
    expect(stderr).toContain('does not lie in a git checkout');
    expect(stderr).toContain('what to do: Make it one: git init');
  });
});
