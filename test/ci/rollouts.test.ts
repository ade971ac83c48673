/**
 * Rollouts by the server, from a git repository to running hosts: what a network jobset built is brought to lab hosts with
 * the checkout gone, in waves, and stops at the first host that fails.
 */

import { readFile, readlink, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProcessResult } from '../../src/process/run-process.ts';
import { proteus } from '../helpers/proteus.ts';
import { finished, makeAdmin, serve, type TestServer } from '../helpers/serve.ts';
import { makeFolder } from '../helpers/write-network.ts';
import { type GitRepository, gitRepository } from '../inputs/git-repository.ts';
import { copyExampleNetwork } from '../lab/copy-example-network.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';

const standIn = path.join(import.meta.dirname, '../lab/stand-in-system.nix');
const activation = './nixpkgs/nixos/modules/switch-to-configuration.sh';

let lab: Lab;
let web: LabHost;
let db: LabHost;
let server: TestServer;
let repository: GitRepository;
let directory: string;
let args: readonly string[];
let env: Readonly<Record<string, string>>;

const host = (name: string, tag: string, note: string): string => `
  ${name} = { lib, ... }: {
    deployment.tags = [ "${tag}" ];
    boot.loader.systemd-boot.enable = true;
    boot.loader.efi.canTouchEfiVariables = true;
    fileSystems."/" = { label = "nixos"; fsType = "ext4"; };
    fileSystems."/boot" = { label = "boot"; fsType = "vfat"; };
    system.build.toplevel = lib.mkForce (import ./system.nix { name = "${name}"; note = "${note}"; system = "${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux"; });
  };`;
const network = (note: string): string => `{
  network = { pkgs = import ./nixpkgs { }; ordering.tags = [ "db" "web" ]; };
  ${host('web01', 'web', note)}
  ${host('db01', 'db', note)}
  broken = throw "no such luck";
}`;

beforeAll(async () => {
  lab = await createLab();
  [web, db] = await Promise.all([lab.addHost('web01'), lab.addHost('db01')]);
  const folder = await makeFolder();
  const checkout = path.join(folder, 'network');
  await copyExampleNetwork(checkout);
  const system = (await readFile(standIn, 'utf8')).replace(/\.\.\/\.\.\/examples\S+\.sh/, activation);
  repository = gitRepository(checkout);
  repository.commit({ 'system.nix': system, 'network.nix': network('one') });

  directory = path.join(folder, 'data');
  const config = path.join(folder, 'proteus.toml');
  await writeFile(config, `[rollouts]\nssh-config = "${lab.sshConfigFile()}"\n`);
  args = ['--config', config];
  server = await serve(directory, { args });
  env = { PROTEUS_TOKEN: await makeAdmin(directory), PROTEUS_SERVER: server.url };
  await must('project', 'create', 'fleet');
  const input = ['--input', `network=git:${checkout} main`, '--check-interval', '0'];
  await must('jobset', 'create', 'fleet:main', '--network', 'network:network.nix', ...input);
  await must('jobset', 'evaluate', 'fleet:main');
  setTimeout(() => console.log(server.log(), server.events.map((e) => JSON.stringify(e)).join('\n').slice(-6000)), 25000);
  await Promise.all([server.told(finished('web01')), server.told(finished('db01'))]);
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

async function run(...words: readonly string[]): Promise<ProcessResult> {
  return proteus(words, { env });
}
async function must(...words: readonly string[]): Promise<void> {
  expect(await run(...words)).toMatchObject({ code: 0 });
}
const system = (labHost: LabHost): Promise<string> =>
  readlink(labHost.path('/run/current-system')).catch(() => '');
const built = (job: string, note: string): Promise<string | undefined> =>
  run('eval', 'list', 'fleet:main', '--json').then(async ({ stdout }) => {
    const { evaluations } = JSON.parse(stdout) as {
      readonly evaluations: readonly { readonly id: number }[];
    };
    for (const { id } of evaluations) {
      const reply = await fetch(`${server.url}/api/v1/evaluations/${id}/hosts`);
      const { hosts } = (await reply.json()) as {
        readonly hosts: readonly { readonly name: string; readonly toplevel: string }[];
      };
      const found = hosts.find(({ name }) => name === job)?.toplevel;
      if (found !== undefined && (await readFile(`${found}/note`, 'utf8')).trim() === note) return found;
    }
    return undefined;
  });

describe('a rollout by the server', () => {
  it('says what it would do, and waits to be approved', async () => {
    const { code, stdout, stderr } = await run('rollout', 'start', 'fleet/main', '--canary', '1');

    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(
      /^rollout main-\d+-\w+ is planned; approve it with: proteus rollout approve main-/,
    );
    expect(stderr).toMatch(/db01: would switch .*web01: would switch/s);
    expect(stderr).toContain('broken is left out: it did not evaluate');
    expect([await system(web), await system(db)]).toEqual(['', '']);
    const id = /main-\S+(?= is planned)/.exec(stdout)?.[0] ?? '';
    expect(await run('rollout', 'abort', id)).toMatchObject({ stdout: `rollout ${id}: aborted\n` });
  });

  it('brings to each host exactly what was built, with the checkout gone', async () => {
    await rm(path.join(repository.folder, 'network.nix'));
    const { code, stdout, stderr } = await run('rollout', 'start', 'fleet/main', '--canary', '1', '--yes');

    expect({ code, stdout, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/db01 +1 +deployed.*web01 +2 +deployed.*: succeeded\n$/s);
    expect(await system(web)).toBe(await built('web01', 'one'));
    expect(await system(db)).toBe(await built('db01', 'one'));
    const { stdout: hosts } = await run('host', 'list', 'fleet');
    expect(hosts).toContain(`fleet/web01  ready  ${await built('web01', 'one')}`);
    const id = /rollout (\S+): succeeded/.exec(stdout)?.[1] ?? '';
    const log = await run('rollout', 'log', id, 'web01');
    expect(log.stdout).toMatch(/-- activating\n.*-- done\n$/s);
  });

  it('leaves the rest alone when a host fails, and says so', async () => {
    repository.commit({ 'network.nix': network('two') });
    const before = new Set(server.events);
    await run('jobset', 'evaluate', 'fleet:main');
    await Promise.all(
      ['web01', 'db01'].map((job) => server.told((event) => !before.has(event) && finished(job)(event))),
    );
    await db.setBehaviour('fail');
    const { code, stdout, stderr } = await run('rollout', 'start', 'fleet/main', '--yes');
    await db.setBehaviour(undefined);

    expect(code).toBe(1);
    expect(stdout).toMatch(/db01 +rolled-back|db01 +failed/);
    expect(stdout).toMatch(/web01 +skipped/);
    expect(stderr).toContain('last lines of db01:');
    expect(stderr).toContain('activation script failed');
    expect(await system(web)).toBe(await built('web01', 'one'));
    expect(await system(db)).toBe(await built('db01', 'one'));
  });

  it('passes a cordoned host by, and goes on after the server was killed', async () => {
    expect(await run('host', 'cordon', 'fleet/db01', '--reason', 'a bad disk')).toMatchObject({ code: 0 });
    await web.setBehaviour('slow');
    const { stdout, stderr } = await run('rollout', 'start', 'fleet/main', '--yes', '--no-watch');
    expect(stderr).toContain('db01 is left out: cordoned by alice: a bad disk');
    const id = /rollout (\S+) has begun/.exec(stdout)?.[1] ?? '';
    await server.told(
      (event) => event.type === 'host.phase' && event.phase === 'activating' && event.rollout === id,
    );
    process.kill(server.process.pid, 'SIGKILL');
    await server.process.exited;
    server = await serve(directory, { args });
    env = { ...env, PROTEUS_SERVER: server.url };
    const watched = await run('rollout', 'watch', id);

    expect(watched).toMatchObject({ code: 0, stdout: expect.stringMatching(/web01 +deployed/) });
    expect(await system(web)).toBe(await built('web01', 'two'));
    expect(await system(db)).toBe(await built('db01', 'one'));
    const switches = await web.systemLog();
    expect(switches.filter(({ toplevel }) => toplevel.includes('web01'))).toHaveLength(2);
  });
});
