import { readFile, readlink, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { proteus } from '../helpers/proteus.ts';
import { makeFolder, writeNetwork } from '../helpers/write-network.ts';
import { addLogin } from '../lab/add-login.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import { lacksSystemd } from '../lab/lacks-systemd.ts';

const standIn = path.join(import.meta.dirname, '../lab/stand-in-system.nix');
let lab: Lab;
let web: LabHost;

beforeAll(async () => {
  lab = await createLab();
  web = await lab.addHost('web01', { init: 'systemd' });
});
afterAll(() => lab[Symbol.asyncDispose]());

it.skipIf(lacksSystemd)(
  'deploys with the real ssh, scp, nix-copy-closure, systemd and Nix, and reboots',
  async () => {
    const folder = await makeFolder();
    await writeFile(path.join(folder, 'token'), 'of the web\n');
    const file = await writeNetwork(
      {
        web01: `({ lib, ... }: {
        system.build.toplevel = lib.mkForce (import ${standIn} { name = "web01"; });
        deployment.secrets.token = { source = "token"; destination = "/var/keys/token"; permissions = "0440"; };
        deployment.healthChecks.cmd = [ { description = "runs"; cmd = [ "test" "\\"$(cat /var/keys/token)\\"" "=" "'of the web'" ]; } ];
      })`,
      },
      { folder },
    );
    const { code, stdout, stderr } = await proteus(
      ['morph', 'deploy', '--upload-secrets', '--reboot', '--timeout', '20', file, 'switch'],
      { env: { SSH_CONFIG_FILE: lab.sshConfigFile(), SSH_USER: 'root' } },
    );

    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('\t* runs: OK\nhealth checks OK\nDone: web01\n'),
    });
    const toplevel = await readlink(path.join(stdout.trim(), 'web01'));
    expect(await web.systemLog()).toMatchObject([{ action: 'switch', toplevel }]);
    const { stdout: profile } = await web.exec(['readlink', '-f', '/nix/var/nix/profiles/system']);
    expect(profile.trim()).toBe(toplevel);
    expect(await readFile(web.path('/var/keys/token'), 'utf8')).toBe('of the web\n');
    expect((await stat(web.path('/var/keys/token'))).mode & 0o777).toBe(0o440);
  },
);

it.skipIf(lacksSystemd)('gives the real sudo what --passcmd prints', async () => {
  const { user } = await addLogin(web, 'deploy', 'open sesame');
  const file = await writeNetwork({ web01: '{ }' });
  const exec = (password: string) =>
    proteus(['morph', 'exec', '--passcmd', `echo ${password}`, file, 'sudo', 'id', '-un'], {
      env: { SSH_CONFIG_FILE: lab.sshConfigFile(), SSH_USER: user },
    });
  expect(await exec('open sesame')).toMatchObject({ code: 0, stderr: expect.stringMatching(/^root$/m) });
  expect(await exec('guess')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('incorrect password'),
  });
});
