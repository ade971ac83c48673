/** A host that runs a real systemd, from the command line: units that fail, that wait for a secret, that change. */

import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { proteus } from '../helpers/proteus.ts';
import { makeFolder } from '../helpers/write-network.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import { lacksSystemd } from '../lab/lacks-systemd.ts';

const root = path.join(import.meta.dirname, '../..');
const secretFile = '/var/keys/token';
let lab: Lab;
let web: LabHost;
let folder: string;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  lab = await createLab();
  web = await lab.addHost('web01', { init: 'systemd' });
  folder = await makeFolder();
  await writeFile(path.join(folder, 'token'), 'of the web\n');
  env = { SSH_CONFIG_FILE: lab.sshConfigFile(), SSH_USER: 'root', XDG_STATE_HOME: await makeFolder() };
});
afterAll(() => lab?.[Symbol.asyncDispose]());

const run = (...args: readonly string[]) => proteus(args, { env });
const stateOf = async (unit: string) =>
  (await web.exec(['systemctl', 'is-active', unit], { okCodes: [0, 3, 4] })).stdout.trim();

/** Stays active once it is; what is wrong with it comes from its command. */
const service = (command: string, unit: string, wantedBy: string) => `[Unit]
${unit}
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${command}
[Install]
WantedBy=${wantedBy}
`;
const bound = 'BindsTo=token-secret.service\nAfter=token-secret.service';
const required = 'Requires=token-secret.service\nAfter=token-secret.service';

/**
 * web01 with a secret that has units, which are as Nix makes them, and with these services. Its bash is the one of the
 * machine, as the one of the example's packages is none.
 */
async function network(services: Readonly<Record<string, string>>): Promise<string> {
  const file = path.join(folder, 'network.nix');
  const made = Object.entries(services).map(
    ([name, text]) => `"${name}" = builtins.toFile "${name}" ${JSON.stringify(text)};`,
  );
  await writeFile(
    file,
    `let
      bash = derivation {
        name = "bash"; system = builtins.currentSystem; builder = "/bin/sh";
        args = [ "-c" "mkdir -p $out/bin; ln -s /bin/bash $out/bin/" ];
      };
    in {
      network.pkgs = import ${root}/examples/network/nixpkgs { overlays = [ (final: prev: { inherit bash; }) ]; };
      web01 = { config, lib, ... }: {
        fileSystems."/" = { label = "nixos"; fsType = "ext4"; };
        deployment.secrets.token = { source = "token"; destination = "${secretFile}"; unit = true; };
        deployment.secrets.odd = { source = "token"; destination = "/var/keys/100% \\"odd\\" 'name'"; };
        system.build.toplevel = lib.mkForce (import ${root}/test/lab/stand-in-system.nix {
          name = "web01";
          units = {
            "token-secret.service" = "\${config.environment.etc."systemd/system".source}/token-secret.service";
            "token-secret.path" = "\${config.environment.etc."systemd/system".source}/token-secret.path";
            ${made.join(' ')}
          };
        });
      };
    }`,
  );
  return file;
}
const app = { 'app.service': service(`/usr/bin/test -e ${secretFile}`, bound, 'token-secret.service') };
const late = { 'late.service': service(`/usr/bin/test -e ${secretFile}`, required, 'multi-user.target') };
const broken = { 'broken.service': service('/bin/false', '', 'multi-user.target') };

it.skipIf(lacksSystemd)('starts a service when its secret comes, and stops it when that goes', async () => {
  const file = await network(app);
  const deployed = await run('deploy', file, 'switch');
  expect(deployed).toMatchObject({ code: 0, stderr: expect.stringContaining('\nweb01  deployed\n') });
  expect([await stateOf('token-secret.path'), await stateOf('app')]).toEqual(['active', 'inactive']);

  const uploaded = await run('upload-secrets', file);
  expect(uploaded).toMatchObject({ code: 0, stderr: expect.not.stringContaining('Running as unit') });
  await expect.poll(() => stateOf('app')).toBe('active');
  expect(await stateOf('token-secret')).toBe('active');
  await rm(web.path(secretFile));
  await expect.poll(() => stateOf('app')).toBe('inactive');
});

it.skipIf(lacksSystemd)('lets a service of the system wait until its secret is there', async () => {
  const file = await network({ ...app, ...late });
  const deployed = await run('deploy', file, 'switch', '--upload-secrets');
  expect(deployed.code).toBe(0);
  expect([await stateOf('late'), await stateOf('token-secret')]).toEqual(['active', 'active']);

  await rm(web.path(secretFile));
  await expect.poll(() => stateOf('token-secret')).toBe('inactive');
  await web.exec('systemctl stop late; systemctl start --no-block late');
  await expect.poll(() => stateOf('token-secret')).toBe('activating');
  expect(await stateOf('late')).toBe('inactive');
  expect((await run('upload-secrets', file)).code).toBe(0);
  await expect.poll(() => stateOf('late')).toBe('active');
});

it.skipIf(lacksSystemd)(
  'names the units that failed, in the end of a rollout and in what hosts say',
  async () => {
    const file = await network({ ...app, ...late, ...broken });
    const diff = await run('diff', file);
    expect(diff.stdout).toContain('broken.service');

    const deployed = await run('deploy', file, 'switch');
    expect(deployed.code).toBe(4);
    expect(deployed.stderr).toContain('\nweb01  degraded  some units failed: broken.service\n');
    const status = await run('status', file);
    expect(status).toMatchObject({ code: 4, stdout: expect.stringContaining('broken.service') });
  },
);
