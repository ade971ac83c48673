import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import { copyExampleNetwork } from '../lab/copy-example-network.ts';
import { emulateAarch64 } from '../lab/emulation.ts';
import { createLab } from '../lab/lab.ts';

const root = join(import.meta.dirname, '../..');
const evalMachines = join(root, 'nix/eval-machines.nix');

let folder: string;
let network: string;

beforeAll(async () => {
  folder = await mkdtemp('/nix/var/network.');
  network = await copyExampleNetwork(`${folder}/net`);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const nix = async (program: 'nix-instantiate' | 'nix-build', ...args: string[]): Promise<string> => {
  const { stdout } = await runProcess([program, evalMachines, '--arg', 'networkExpr', network, ...args]);
  return stdout.trim();
};
const toplevel = (host: string) => nix('nix-build', '--no-out-link', '-A', attribute(host));
const attribute = (host: string): string => `nodes.${host}.config.system.build.toplevel`;

describe('examples/network', () => {
  it('says what is to be deployed, for Morph and for us', async () => {
    const json = await nix('nix-instantiate', '--eval', '--json', '--strict', '-A', 'info.deployment');
    const deployment = JSON.parse(json) as {
      hosts: { name: string; tags: string[]; healthChecks: { cmd: unknown[] } }[];
      meta: unknown;
    };
    expect(deployment.hosts.map((host) => [host.name, host.tags, host.healthChecks.cmd.length])).toEqual([
      ['db01', ['db'], 0],
      ['eiffel', ['edge'], 0],
      ['web01', ['web'], 1],
    ]);
    expect(deployment.meta).toMatchObject({ ordering: { tags: ['db', 'web'] } });
  });

  it('shares packages between hosts of one system, and none between two systems', async () => {
    const needed = async (host: string): Promise<Set<string>> => {
      const drv = (await nix('nix-instantiate', '-A', attribute(host))).trim();
      const { stdout } = await runProcess(['nix-store', '--query', '--requisites', drv]);
      return new Set(stdout.split('\n').filter((path) => path.endsWith('.drv')));
    };
    const [web, db, eiffel] = await Promise.all([needed('web01'), needed('db01'), needed('eiffel')]);
    for (const set of [web, db, eiffel]) expect(set.size).toBeGreaterThan(20);
    expect(web.intersection(db).size).toBeGreaterThan(15);
    expect(web.intersection(eiffel).size).toBe(0);
  });

  it('builds a system that is deployed, serves its page and makes way for another', async () => {
    const [web, db] = [await toplevel('web01'), await toplevel('db01')];
    await using lab = await createLab();
    const host = await lab.addHost('web01');
    await runProcess(['nix-copy-closure', '--to', 'root@web01', web, db], {
      env: { ...process.env, ...lab.environment },
    });
    const started = await host.exec([`${web}/bin/switch-to-configuration`, 'switch']);
    expect(started.stderr).toContain(
      'starting the following units: journald.service nginx.service sshd.service',
    );
    const page = async () => {
      for (let tries = 0; tries < 50; tries++) {
        const response = await fetch(`http://${host.address}/`).catch(() => undefined);
        if (response !== undefined) return response.text();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error('no answer');
    };
    expect(await page()).toContain('This is web01');

    const switched = await host.exec([`${db}/bin/switch-to-configuration`, 'switch']);
    expect(switched.stderr).toContain('stopping the following units: nginx.service');
    await expect(fetch(`http://${host.address}/`)).rejects.toThrow('fetch failed');
    expect(await readFile(host.path('/etc/static/fstab'), 'utf8')).toContain(
      '/dev/disk/by-label/nixos / ext4',
    );
  });

  it('builds for aarch64 under emulation', async () => {
    await using emulation = await emulateAarch64();
    expect(emulation.how).toBeDefined();
    const option = ['--option', 'extra-platforms', 'aarch64-linux'];
    const expression = [evalMachines, '--arg', 'networkExpr', network, '-A', attribute('eiffel')];
    const { stdout } = await runProcess(['nix-build', ...expression, '--no-out-link', ...option]);
    // It may have been built by another test of this store: then Nix kept the log.
    const drvPath = (await runProcess(['nix-instantiate', ...expression])).stdout.trim();
    const log = (await runProcess(['nix-store', '--read-log', drvPath])).stdout;
    expect(log).toContain('putting together the system on aarch64');
    expect(log).not.toContain('on x86_64');
    expect(await readFile(`${stdout.trim()}/system`, 'utf8')).toBe('aarch64-linux\n');
  });

  it('says what to do when the aarch64 busybox is missing', async () => {
    const expression = `(import ${root}/examples/network/nixpkgs { system = "aarch64-linux"; }).glibc.drvPath`;
    await expect(runProcess(['nix-instantiate', '--eval', '-E', expression])).rejects.toThrow(
      /put a static aarch64 busybox at .*busybox-aarch64-linux\/busybox/,
    );
  });
});
