/**
 * A server that built the systems of two lab hosts from a git repository, and may roll out to them. For tests of what is
 * done from there on.
 */

import { readFile, readlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
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
const platform = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux`;

export interface Fleet extends AsyncDisposable {
  readonly lab: Lab;
  readonly web: LabHost;
  readonly db: LabHost;
  readonly server: () => TestServer;
  readonly repository: GitRepository;
  /** The data directory of the server. */
  readonly directory: string;
  /** `proteus` as an administrator of the server, with the way to the hosts. */
  run(...words: readonly string[]): Promise<ProcessResult>;
  /** The server is killed and started again. */
  restart(): Promise<void>;
  /** Commits systems that have this note in them, and waits until they are built. */
  build(note: string): Promise<void>;
  /** What is built for a host, with that note. */
  built(host: string, note: string): Promise<string | undefined>;
  /** What a host runs; `''`: nothing. */
  system(host: LabHost): Promise<string>;
}

const host = (name: string, tag: string, note: string): string => `
  ${name} = { lib, ... }: {
    deployment.tags = [ "${tag}" ];
    boot.loader.systemd-boot.enable = true;
    boot.loader.efi.canTouchEfiVariables = true;
    fileSystems."/" = { label = "nixos"; fsType = "ext4"; };
    fileSystems."/boot" = { label = "boot"; fsType = "vfat"; };
    system.build.toplevel = lib.mkForce
      (import ./system.nix { name = "${name}"; note = "${note}"; system = "${platform}"; });
  };`;
const network = (note: string): string => `{
  network = { pkgs = import ./nixpkgs { }; ordering.tags = [ "db" "web" ]; };
  ${host('web01', 'web', note)}
  ${host('db01', 'db', note)}
  broken = throw "no such luck";
}`;

interface HostsReply {
  readonly hosts: readonly { readonly name: string; readonly toplevel: string | null }[];
}

export async function openFleet(): Promise<Fleet> {
  await using stack = new AsyncDisposableStack();
  const lab = stack.use(await createLab());
  const [web, db] = await Promise.all([lab.addHost('web01'), lab.addHost('db01')]);
  const folder = await makeFolder();
  const repository = gitRepository(path.join(folder, 'network'));
  await copyExampleNetwork(repository.folder);
  const system = (await readFile(standIn, 'utf8')).replace(/\.\.\/\.\.\/examples\S+\.sh/, activation);
  repository.write('system.nix', system);

  const directory = path.join(folder, 'data');
  const config = path.join(folder, 'proteus.toml');
  await writeFile(config, `[rollouts]\nssh-config = "${lab.sshConfigFile()}"\n`);
  const start = (): Promise<TestServer> => serve(directory, { args: ['--config', config] });
  let server = await start();
  stack.defer(() => server[Symbol.asyncDispose]());
  const token = await makeAdmin(directory);
  const env = { SSH_CONFIG_FILE: lab.sshConfigFile(), XDG_STATE_HOME: path.join(folder, 'state') };
  const run: Fleet['run'] = (...words) =>
    proteus(words, { env: { ...env, PROTEUS_TOKEN: token, PROTEUS_SERVER: server.url } });
  const must = async (...words: readonly string[]): Promise<void> => {
    expect(await run(...words)).toMatchObject({ code: 0 });
  };

  const build: Fleet['build'] = async (note) => {
    repository.commit({ 'network.nix': network(note) });
    const before = new Set(server.events);
    await must('jobset', 'evaluate', 'fleet:main');
    const builds = ['web01', 'db01'].map((job) =>
      server.told((event) => !before.has(event) && finished(job)(event)),
    );
    await Promise.all(builds);
  };
  await must('project', 'create', 'fleet');
  const input = ['--input', `network=git:${repository.folder} main`, '--check-interval', '0'];
  await must('jobset', 'create', 'fleet:main', '--network', 'network:network.nix', ...input);
  await build('one');
  const owned = stack.move();
  return {
    lab,
    web,
    db,
    server: () => server,
    repository,
    directory,
    run,
    build,
    async restart() {
      process.kill(server.process.pid, 'SIGKILL');
      await server.process.exited;
      server = await start();
    },
    async built(name, note) {
      const { stdout } = await run('eval', 'list', 'fleet:main', '--json');
      const { evaluations } = JSON.parse(stdout) as { evaluations: readonly { readonly id: number }[] };
      for (const { id } of evaluations) {
        const reply = await fetch(`${server.url}/api/v1/evaluations/${id}/hosts`);
        const { hosts } = (await reply.json()) as HostsReply;
        const found = hosts.find((one) => one.name === name)?.toplevel ?? undefined;
        if (found !== undefined && (await readFile(`${found}/note`, 'utf8')).trim() === note) return found;
      }
      return undefined;
    },
    system: (labHost) => readlink(labHost.path('/run/current-system')).catch(() => ''),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
