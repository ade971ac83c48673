import { chmod, mkdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { proteus } from '../helpers/proteus.ts';
import { makeFolder, writeNetwork } from '../helpers/write-network.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';

const standIn = path.join(import.meta.dirname, '../lab/stand-in-system.nix');
let lab: Lab;
let web: LabHost;

beforeAll(async () => {
  lab = await createLab();
  web = await lab.addHost('web01');
});
afterAll(() => lab[Symbol.asyncDispose]());

it('deploys with the real ssh, scp, nix-copy-closure and Nix', async () => {
  const folder = await makeFolder();
  await writeFile(path.join(folder, 'token'), 'of the web\n');
  const file = await writeNetwork(
    {
      web01: `({ lib, ... }: {
        system.build.toplevel = lib.mkForce (import ${standIn} { name = "web01"; });
        deployment.secrets.token = { source = "token"; destination = "/run/keys/token"; permissions = "0440"; };
        deployment.healthChecks.cmd = [ { description = "runs"; cmd = [ "test" "\\"$(cat /run/keys/token)\\"" "=" "'of the web'" ]; } ];
      })`,
    },
    { folder },
  );
  // There is no systemd on hosts of the lab.
  const systemdRun = web.path('/run/current-system/sw/bin/systemd-run');
  await mkdir(path.dirname(systemdRun), { recursive: true });
  await writeFile(systemdRun, '#!/bin/sh\n');
  await chmod(systemdRun, 0o755);

  const { code, stdout, stderr } = await proteus(
    ['morph', 'deploy', '--upload-secrets', '--timeout', '20', file, 'switch'],
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
  expect(await readFile(web.path('/run/keys/token'), 'utf8')).toBe('of the web\n');
  expect((await stat(web.path('/run/keys/token'))).mode & 0o777).toBe(0o440);
});
