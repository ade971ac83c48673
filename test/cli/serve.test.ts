/** `proteus serve` from start to end, and through kill -9. */

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import { PostgresCluster } from '../db/postgres-cluster.ts';
import { parseEvents, proteus } from '../helpers/proteus.ts';
import { finished, makeAdmin, serve, type TestServer } from '../helpers/serve.ts';
import { makeFolder, writeNetwork } from '../helpers/write-network.ts';
import { gitRepository } from '../inputs/git-repository.ts';

let directory: string;
beforeEach(async () => {
  directory = path.join(await makeFolder(), 'data');
});

async function end(server: TestServer): Promise<unknown> {
  process.kill(server.process.pid, 'SIGTERM');
  return server.process.exited;
}

async function killHard(server: TestServer): Promise<void> {
  process.kill(server.process.pid, 'SIGKILL');
  await server.process.exited;
}

/** A host that needs a derivation which takes that long. */
function slow(name: string, seconds: number): string {
  const script = `echo begun; sleep ${seconds}; echo done > $out`;
  return `{ environment.note = [ "\${derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "${script}" ]; }}" ]; }`;
}

async function follow(server: TestServer, hosts: Readonly<Record<string, string>>): Promise<string> {
  const folder = await makeFolder();
  await writeNetwork(hosts, { folder, selfContained: true });
  gitRepository(folder).commit({});
  const env = { PROTEUS_TOKEN: await makeAdmin(directory), PROTEUS_SERVER: server.url };
  await proteus(['project', 'create', 'fleet'], { env });
  const input = `network=git:${folder} main`;
  const made = ['jobset', 'create', 'fleet:main', '--network', 'network:network.nix', '--input', input];
  expect(await proteus(made, { env })).toMatchObject({ code: 0 });
  return folder;
}

describe('proteus serve', () => {
  it('serves cache and API on one port, says where, and ends when told to', async () => {
    await using server = await serve(directory);

    const info = await fetch(`${server.url}/nix-cache-info`);
    const about = await fetch(`${server.url}/api/v1/server`);

    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(server.publicKeys).toEqual([expect.stringMatching(/^[\w.-]+-1:.{43}=$/)]);
    expect(await info.text()).toContain('StoreDir: /nix/store');
    expect(await about.json()).toMatchObject({ counts: { queuedBuilds: 0 } });
    expect(await end(server)).toEqual({ code: 0, signal: null });
    await expect(fetch(server.url)).rejects.toThrow('fetch failed');
  });

  it('logs one JSON object a line, and no request that only reads', async () => {
    await using server = await serve(directory);
    await fetch(`${server.url}/nix-cache-info`);
    await fetch(`${server.url}/api/v1/server`);
    await fetch(`${server.url}/project/x`, { method: 'DELETE' });
    await end(server);

    const messages = parseEvents(server.log()).map(({ msg }) => String(msg));

    expect(messages).toContainEqual(`ready at ${server.url}`);
    expect(messages).toContainEqual(
      expect.stringContaining('there are no users yet: proteus user create NAME'),
    );
    expect(messages.filter((text) => /^(GET|DELETE) /.test(text))).toEqual(['DELETE /project/x']);
    expect(messages.at(-1)).toBe('ended');
  });

  it('refuses a second server on the same data, and none after kill -9', async () => {
    await using first = await serve(directory);

    const refused = await proteus(['serve', '--data-directory', directory, '--listen', '127.0.0.1:0']);
    await killHard(first);
    await using second = await serve(directory);

    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`a server works on ${directory} already`),
    });
    expect(second.publicKeys).toEqual(first.publicKeys);
  });

  it('goes on after kill -9 with what was queued and running, and repeats nothing', async () => {
    await using first = await serve(directory);
    await follow(first, { quick: '{ }', slow: slow('slow-part', 5) });
    await first.told(finished('quick'));
    await first.told(({ type, name }) => type === 'step.started' && name === 'slow-part');

    await killHard(first);
    await using second = await serve(directory);
    await second.told(finished('slow'));

    const built = second.events.filter(({ type }) => type === 'step.started').map(({ name }) => name);
    expect(built).toEqual(['slow-part', 'nixos-system-slow']);
    expect(second.events.filter(({ type }) => type === 'ci.build.finished')).toHaveLength(1);
  });

  it('ends while builds run and clients listen, waits for neither, and goes on next time', async () => {
    await using first = await serve(directory);
    await follow(first, { slow: slow('slow-part', 600) });
    const isRunning = ({ type, name }: Readonly<Record<string, unknown>>): boolean =>
      type === 'step.started' && name === 'slow-part';
    await first.told(isRunning);
    const listening = await fetch(`${first.url}/api/v1/events`);

    expect(await end(first)).toEqual({ code: 0, signal: null });
    await expect(listening.text()).rejects.toThrow('terminated');
    await using second = await serve(directory);
    await second.told(isRunning);
  });

  it('says which port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { readonly port: number }; // it listens on TCP

    const { code, stderr } = await proteus([
      'serve',
      '--data-directory',
      directory,
      '--listen',
      `127.0.0.1:${port}`,
    ]);
    other.close();

    expect(code).toBe(1);
    expect(stderr).toContain(`cannot listen on 127.0.0.1 port ${port}`);
    expect(stderr).toContain('what to do: Choose another address with --listen');
  });

  it.each([
    ['listn = "x"', "there is no key 'listn'; did you mean 'listen'?"],
    ['[limits]\ntimeout = "long"', 'limits.timeout: wanted a time such as 600 (seconds)'],
    ['listen = ', 'not valid TOML'],
    ['[webhooks]\ngithub = ["/no/such/secret"]', 'cannot read the secret in /no/such/secret'],
    ['keys = ["/no/such/key"]', 'cannot read the secret key /no/such/key'],
  ])('does not start with %j', async (text, message) => {
    const file = path.join(await makeFolder(), 'proteus.toml');
    await writeFile(file, `data-directory = "${directory}"\n${text}\n`);

    const { code, stderr } = await proteus(['serve', '--config', file, '--listen', '127.0.0.1:0']);

    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
  });

  it('is configured by a file, and takes up builders as the machines file changes', async () => {
    const folder = await makeFolder();
    const [file, machines] = [path.join(folder, 'proteus.toml'), path.join(folder, 'machines')];
    await writeFile(
      file,
      `data-directory = "${directory}"\nlisten = "127.0.0.1:0"\nbase-url = "https://ci.example.org/"\n[builders]\nlocal = false\nmachines-file = "${machines}"\n`,
    );
    await using server = await serve(directory, { args: ['--config', file] });
    const builders = async (): Promise<readonly unknown[]> => {
      const { items } = (await (await fetch(`${server.url}/api/v1/builders`)).json()) as {
        readonly items: readonly { readonly name: string }[];
      };
      return items.map(({ name }) => name);
    };

    expect(await builders()).toEqual([]);
    await writeFile(machines, 'ssh-ng://root@a x86_64-linux - 2\n');
    await vi.waitFor(async () => expect(await builders()).toEqual(['ssh-ng://root@a']), { timeout: 20_000 });
    await writeFile(machines, 'ssh-ng://root@a x86_64-linux - many\n');
    await vi.waitFor(() => expect(server.log()).toContain('the builders stay as they were'), {
      timeout: 20_000,
    });
    expect(await builders()).toEqual(['ssh-ng://root@a']);
    expect(server.log()).toContain('ready at https://ci.example.org, listening at http://127.0.0.1:');
  });

  it('works on PostgreSQL, with users that are made there', async () => {
    await using cluster = await PostgresCluster.create();
    await cluster.query('create database proteus');
    const database = cluster.url('proteus');
    await using server = await serve(directory, { args: ['--database', database] });
    const where = ['--data-directory', directory, '--database', database];
    await proteus(['user', 'create', 'alice', '--role', 'admin', ...where]);
    const token = await proteus(['token', 'create', 'test', '--user', 'alice', ...where]);
    const env = { PROTEUS_TOKEN: token.stdout.trim(), PROTEUS_SERVER: server.url };

    expect(await proteus(['project', 'create', 'fleet'], { env })).toMatchObject({ code: 0 });
    expect((await proteus(['project', 'list'], { env })).stdout).toContain('alice');
    expect(await readdir(directory)).not.toContain('proteus.db');
  });

  it.each(['sqlite', 'postgres'])('refuses a second server on the same %s database', async (dialect) => {
    await using cluster = dialect === 'postgres' ? await PostgresCluster.create() : undefined;
    await cluster?.query('create database proteus');
    const database = cluster?.url('proteus') ?? path.join(await makeFolder(), 'shared.db');
    const elsewhere = path.join(await makeFolder(), 'data');
    await using first = await serve(directory, { args: ['--database', database] });

    const where = ['--data-directory', elsewhere, '--database', database];
    const refused = await proteus(['serve', '--listen', '127.0.0.1:0', ...where]);
    const made = await proteus(['user', 'create', 'alice', ...where]);
    await killHard(first);
    await using second = await serve(elsewhere, { args: ['--database', database] });

    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is in use by the server on '),
    });
    expect(refused.stderr).toContain('--database');
    expect(made).toMatchObject({ code: 0 });
    expect((await fetch(`${second.url}/api/v1/server`)).status).toBe(200);
  });

  it('keeps its data to itself', async () => {
    await using _server = await serve(directory);

    const { stdout } = await runProcess(['stat', '-c', '%a', directory, `${directory}/keys/cache.secret`]);

    expect(stdout).toBe('700\n600\n');
    expect(await readFile(path.join(directory, 'server.json'), 'utf8')).toContain('"pid"');
  });
});
