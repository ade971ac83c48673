import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ProcessResult, runProcess } from '../../src/process/run-process.ts';
import { proteus } from '../helpers/proteus.ts';
import { writeNetwork } from '../helpers/write-network.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';

const standIn = path.join(import.meta.dirname, '../lab/stand-in-system.nix');
let lab: Lab;
let web: LabHost;
let db: LabHost;

beforeAll(async () => {
  lab = await createLab();
  [web, db] = await Promise.all([lab.addHost('web01'), lab.addHost('db01')]);
});
afterAll(() => lab[Symbol.asyncDispose]());
afterEach(async () => {
  for (const host of [web, db]) {
    await host.setBehaviour(undefined);
    await host.exec('rm -rf /nix/var/nix/profiles/system* /var/log/switch.log');
  }
});

function host(tag: string, name: string, more = ''): string {
  return `({ lib, ... }: { deployment.tags = [ "${tag}" ]; system.build.toplevel = lib.mkForce (import ${standIn} { name = "${name}"; }); ${more} })`;
}

function makeNetwork(more: Readonly<Record<string, string>> = {}): Promise<string> {
  const hosts = { web01: host('web', 'web01'), db01: host('db', 'db01'), ...more };
  return writeNetwork(hosts, { ordering: ['db', 'web'] });
}

function run(...args: readonly string[]): Promise<ProcessResult> {
  return proteus(args, { env: { SSH_CONFIG_FILE: lab.sshConfigFile() } });
}

async function actions(labHost: LabHost): Promise<readonly string[]> {
  return (await labHost.systemLog()).map(({ action }) => action);
}

describe('proteus deploy', () => {
  it('switches every host to exactly what was built, db before web', async () => {
    const file = await makeNetwork();

    const { code, stdout, stderr } = await run('deploy', file, 'switch');

    expect(code).toBe(0);
    const result = stdout.trim();
    expect(stdout).toBe(`${result}\n`);
    for (const labHost of [web, db]) {
      const [record] = await labHost.systemLog();
      expect(record).toMatchObject({
        action: 'switch',
        toplevel: await readlink(`${result}/${labHost.name}`),
      });
    }
    expect(stderr.indexOf('Done: db01')).toBeGreaterThan(-1);
    expect(stderr.indexOf('Done: db01')).toBeLessThan(stderr.indexOf('web01: switch'));
  });

  it('does not touch the second host when the first fails', async () => {
    const file = await makeNetwork();
    await db.setBehaviour('fail');

    const { code, stdout, stderr } = await run('deploy', file, 'switch');

    expect(code).toBe(1);
    expect(stdout).toMatch(/-morph\n$/);
    expect(await actions(web)).toEqual([]);
    expect(stderr).toContain('db01: failed while activating');
    expect(stderr).toContain('web01: skipped');
  });

  it('touches no host when one of them cannot be built', async () => {
    const file = await makeNetwork({ bad: '{ environment.note = [ (throw "no such luck") ]; }' });

    const { code, stderr } = await run('deploy', file, 'switch');

    expect(code).toBe(1);
    expect(stderr).toContain('no such luck');
    expect(stderr).toContain('no host was touched, because bad could not be built');
    expect([await actions(web), await actions(db)]).toEqual([[], []]);
  });

  it('only says what it would do with --dry-run', async () => {
    const file = await makeNetwork({ iso: host('db', 'iso', 'deployment.buildOnly = true;') });

    const { code, stderr } = await run('--dry-run', 'deploy', file, 'boot');

    expect(code).toBe(0);
    expect(stderr).toMatch(/web01: would boot \/nix\/store\/.*-nixos-system-web01-lab/);
    expect(stderr).toContain('iso: would only be built');
    expect([await actions(web), await actions(db)]).toEqual([[], []]);
  });

  it('passes by a host that is only to be built', async () => {
    const file = await makeNetwork({ iso: host('db', 'iso', 'deployment.buildOnly = true;') });

    const { code, stderr } = await run('deploy', file, 'dry-activate', '--on', '{iso,web01}');

    expect(code).toBe(0);
    expect(stderr).toContain('iso: skipped: Deployment steps are disabled for build-only host: iso');
    expect(await actions(web)).toEqual(['dry-activate']);
  });

  it('has hosts build what they shall build themselves, and sends the others what was built here', async () => {
    const there = `({ lib, ... }: {
      deployment.buildOnTarget = true;
      system.build.toplevel = lib.mkForce (import ${standIn} { name = "web01"; note = "there"; });
    })`;
    const file = await makeNetwork({ web01: there });

    const { code, stdout, stderr } = await run('deploy', file, 'switch', '--keep-result');

    expect(code).toBe(0);
    expect(stderr).toContain('not built here, but on the hosts themselves: web01\n');
    expect(stderr).toContain('web01: building nixos-system-web01-lab\n');
    expect(await readdir(stdout.trim())).toEqual(['db01']);
    const [record] = await web.systemLog();
    const check = await runProcess(['nix-store', '--check-validity', record!.toplevel], { okCodes: [0, 1] });
    expect(check.code).toBe(1);
    const kept = await readFile(
      path.join(path.dirname(file), '.gcroots', `${path.basename(file)}.drv`),
      'utf8',
    );
    expect(kept).toMatch(/^web01 \/nix\/store\/.*-nixos-system-web01-lab\.drv\n$/);

    const refused = await run('push', '-', '--path', `web01=${record!.toplevel}`, '--build-on-target');
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nothing is built with --path'),
    });
  });

  it('says which host cannot be reached', async () => {
    const file = await makeNetwork({
      gone: host('aaa', 'gone', 'deployment.targetHost = "127.0.0.1"; deployment.targetPort = 9;'),
    });

    const { code, stderr } = await run(
      'deploy',
      file,
      'switch',
      '--on',
      '{gone,web01}',
      '--order-by-tags',
      'aaa,web',
    );

    expect(code).toBe(1);
    expect(stderr).toMatch(/gone: failed while connecting: .*[Cc]onnection refused/s);
    expect(await actions(web)).toEqual([]);
  });
});

describe('proteus push', () => {
  it('copies the systems and activates none', async () => {
    const file = await makeNetwork();

    const { code, stdout } = await run('push', file);

    expect(code).toBe(0);
    const toplevel = await readlink(`${stdout.trim()}/web01`);
    await web.exec(['nix-store', '--check-validity', toplevel]);
    expect([await actions(web), await actions(db)]).toEqual([[], []]);
  });
});
