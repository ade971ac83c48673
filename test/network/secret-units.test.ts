/** Units of secrets: what a host gets of them, and their script as it runs. What systemd makes of them is in test/cli/systemd. */

import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import { networkText, temporaryFolder } from './temporary-folder.ts';

const root = path.join(import.meta.dirname, '../..');
const evalMachines = path.join(root, 'nix/eval-machines.nix');

/** A host of the example's packages with these secrets, or another program's answer about it. */
async function host(
  secrets: string,
  how: readonly [string, ...string[]] = ['nix-build', '--no-out-link'],
): Promise<string> {
  await using folder = await temporaryFolder({
    'net.nix': `{
      network.pkgs = import ${root}/examples/network/nixpkgs { };
      a = {
        boot.loader.systemd-boot.enable = true;
        fileSystems."/" = { label = "nixos"; fsType = "ext4"; };
        deployment.secrets = ${secrets};
      };
    }`,
  });
  const args = [evalMachines, '--argstr', 'networkExpr', folder.file('net.nix')];
  const { stdout } = await runProcess([...how, ...args, '-A', 'nodes.a.config.system.build.toplevel']);
  return stdout.trim();
}
const derivation = (secrets: string) => host(secrets, ['nix-instantiate']);
const secret = (more = '') => `{ source = "x"; destination = "/var/keys/token"; ${more} }`;

describe('a secret with a unit', () => {
  it('gives its host a service for others to wait for, and what starts that when the file comes', async () => {
    const units = `${await host(`{ token = ${secret('unit = true;')}; other = ${secret()}; }`)}/etc/systemd/system`;

    const service = readFileSync(`${units}/token-secret.service`, 'utf8');
    const command = /^ExecStart=(\/nix\/store\/\S+\/bin\/bash \/nix\/store\/\S+-secret-unit\.sh) watch/m.exec(
      service,
    );
    expect(service.split('\n')).toEqual(
      expect.arrayContaining([
        'Description=Presence of the secret token',
        `ExecStartPre=${command?.[1]} wait /var/keys/token`,
        `ExecStart=${command?.[1]} watch /var/keys/token`,
        'TimeoutStartSec=infinity',
      ]),
    );
    expect(readFileSync(`${units}/token-secret.path`, 'utf8')).toMatch(
      /\[Path\]\nPathExists=\/var\/keys\/token\n(?:.*\n)*WantedBy=multi-user.target/,
    );
    expect(existsSync(`${units}/other-secret.service`)).toBe(false);
  });

  it('is the only one that changes the system', async () => {
    const none = await derivation('{ }');

    expect(await derivation(`{ token = ${secret()}; }`)).toBe(none);
    expect(await derivation(`{ token = ${secret('unit = false;')}; }`)).toBe(none);
    expect(await derivation(`{ token = ${secret('unit = true;')}; }`)).not.toBe(none);
  });

  it.each([
    [`{ "a b" = ${secret('unit = true;')}; }`, 'deployment.secrets."a b".unit: wanted a name of letters'],
    [
      '{ token = { source = "x"; destination = "/var/%h"; unit = true; }; }',
      "deployment.secrets.token.unit: wanted a destination that begins with / and has letters, digits and /_.@:+=,- only, got '/var/%h'",
    ],
  ])('is refused as %s', async (secrets, message) => {
    await expect(derivation(secrets)).rejects.toThrow(message);
  });

  it('has none where a release has no such units', async () => {
    await using folder = await temporaryFolder({
      'net.nix': networkText(`a.deployment.secrets.token = ${secret('unit = true;')};`),
    });
    const args = [
      '--argstr',
      'networkExpr',
      folder.file('net.nix'),
      '-A',
      'nodes.a.config.system.build.toplevel',
    ];

    expect((await runProcess(['nix-instantiate', evalMachines, ...args])).stdout).toContain(
      'nixos-system-a.drv',
    );
  });
});

describe('the script of the unit', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'proteus-secret-unit-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const run = (mode: string, file: string) =>
    runProcess(['bash', path.join(root, 'nix/secret-unit.sh'), mode, file], {
      signal: AbortSignal.timeout(60_000),
    });

  it('waits until the file comes, and watches it until it goes, whatever takes its place', async () => {
    const file = path.join(folder, 'token');
    const other = path.join(folder, 'other');
    let arrived = false;
    let gone = false;
    const waiting = run('wait', file).then((end) => {
      arrived = true;
      return end;
    });
    // Where it looks first there is nothing; that it goes on waiting is seen by the other one, which ends at once.
    await run('wait', folder);
    expect(arrived).toBe(false);
    await writeFile(file, 'one');
    expect(await waiting).toMatchObject({ code: 0 });

    const watching = run('watch', file).then((end) => {
      gone = true;
      return end;
    });
    for (const content of ['two', 'three']) {
      await writeFile(other, content);
      await rename(other, file);
      await run('wait', file);
    }
    expect(gone).toBe(false);
    await rm(file);
    expect(await watching).toMatchObject({ code: 0 });
  });
});
