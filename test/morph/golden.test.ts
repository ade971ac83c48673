import { readdir, readlink } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Golden, morphArgsOf, openGolden, remoteCalls, selectedHosts } from './golden.ts';

let golden: Golden;
beforeAll(async () => {
  golden = await openGolden();
});

const sudo = "sudo -n -p '' -k --";
const web = 'ssh -p 2222 deploy@web01';
const mounts = (destination: string): string =>
  `${web} ${sudo} /run/current-system/sw/bin/systemd-run --collect --wait --property=RequiresMountsFor=${destination} true`;
/** Checks run side by side: they come in any order. */
const isCheck = (line: string): boolean => / (?:check|test) /.test(line);
/** From the result on, without hashes, and what checks said in the order of their names. */
const told = (stderr: string): string =>
  stderr
    .slice(stderr.indexOf('nix result path'))
    .replaceAll(/\/nix\/store\/[a-z0-9]{32}-/g, 'STORE-')
    .replaceAll(/(?:\t\* .*: OK\n)+/g, (lines) => `${lines.trimEnd().split('\n').sort().join('\n')}\n`);
/** Where Morph does more than it should; the rest is compared. */
const checksOnce = { same: ['code', 'stdout'] as const };

describe('the commands of Morph', () => {
  it('G1: builds with Morph’s children, prints one line, and leaves nothing behind', async () => {
    const ran = await golden.run(['build', 'net.nix']);

    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^\/nix\/store\/[a-z0-9]{32}-morph\n$/);
    expect(selectedHosts(ran)).toEqual({
      header: 'Selected 4/4 hosts (name filter:-0, limits:-0):',
      hosts: ['db01', 'db02', 'web01', 'iso'],
    });
    expect(ran.stderr).toContain('\t  2: web01 (secrets: 3, health checks: 2, tags: web)\n');
    expect(ran.stderr).toContain('nix result path: \n');
    const machines = path.join(import.meta.dirname, '../../nix/eval-machines.nix');
    const common = `[${machines}] [--arg] [networkExpr] [${golden.folder}/net.nix] [--argstr] [argsFile]`;
    const calls = ran.log.filter((line) => !line.includes('MORPH_ARGS'));
    const folder = /\[(\/tmp\/morph-[^\]]*)\/result\]/.exec(calls[2] ?? '')?.[1];
    expect(calls).toEqual([
      `nix-instantiate [--eval] ${common} [] [--attr] [info.deployment] [--json] [--strict] [--read-write-mode]`,
      `nix-instantiate [--eval] ${common} [] [--attr] [info.buildShell] [--json] [--strict] [--read-write-mode]`,
      `nix-build ${common} [${folder}/morph-args.json] [--out-link] [${folder}/result] [--attr] [machines] [--option] [cores] [1]`,
    ]);
    expect(morphArgsOf(ran, 'nix-build')).toMatchObject({
      Names: ['db01', 'db02', 'web01', 'iso'],
      NixArgs: null,
      NixConfig: { cores: '1' },
      ResultLinkPath: `${folder}/result`,
    });
    await expect(readdir(folder!)).rejects.toThrow('ENOENT');
    const links = await readdir(ran.stdout.trim());
    expect(links).toEqual(['db01', 'db02', 'iso', 'web01']);
    expect(await readlink(`${ran.stdout.trim()}/web01`)).toMatch(/-nixos-system-web01$/);
  });

  it('G2: copies, uploads, checks and switches, in this order, with these commands', async () => {
    const { folder } = golden;
    const ran = await golden.run(
      ['deploy', '--upload-secrets', '--timeout', '5', '--tagged', 'web', 'net.nix', 'switch'],
      checksOnce,
    );

    expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\/nix\/store\/\S+-morph\n$/) });
    expect(remoteCalls(ran).filter((line) => !isCheck(line))).toEqual([
      'nix-copy-closure NIX_SSHOPTS=-p 2222 --to deploy@web01 STORE-nixos-system-web01 --option cores 1',
      mounts('/run/keys/a'),
      `${web} mktemp`,
      `${web} ${sudo} mkdir -p -m 755 /run/keys`,
      `scp -P 2222 ${folder}/s/a.txt deploy@web01:/tmp/tmp.XYZ`,
      `${web} ${sudo} mv /tmp/tmp.XYZ /run/keys/a`,
      `${web} ${sudo} chown root:root /run/keys/a`,
      `${web} ${sudo} chmod 0400 /run/keys/a`,
      mounts('/run/b'),
      `${web} mktemp`,
      `scp -P 2222 ${folder}/s/b.txt deploy@web01:/tmp/tmp.XYZ`,
      `${web} ${sudo} mv /tmp/tmp.XYZ /run/b`,
      `${web} ${sudo} chown nginx:www /run/b`,
      `${web} ${sudo} chmod 0440 /run/b`,
      // Two secrets want it; it runs once.
      `${web} ${sudo} systemctl reload nginx`,
      `${web} ${sudo} nix-env --profile /nix/var/nix/profiles/system --set STORE-nixos-system-web01`,
      `${web} ${sudo} STORE-nixos-system-web01/bin/switch-to-configuration switch`,
      mounts('/run/c'),
      `${web} mktemp`,
      `${web} ${sudo} mkdir -p -m 755 /run`,
      `scp -P 2222 ${folder}/s/c.txt deploy@web01:/tmp/tmp.XYZ`,
      `${web} ${sudo} mv /tmp/tmp.XYZ /run/c`,
      `${web} ${sudo} chown root:root /run/c`,
      `${web} ${sudo} chmod 0400 /run/c`,
      `${web} touch "/tmp/x y"`,
    ]);
    const checks = remoteCalls(ran).filter(isCheck);
    expect(checks[0]).toBe(`${web} check before`);
    // Once, when it runs the new system; Morph also before that, and after each upload.
    expect(checks.slice(1).sort()).toEqual([
      `${web} check one`,
      `${web} test "$(systemctl is-active nginx)" = active`,
    ]);
    expect(told(ran.stderr)).toMatchInlineSnapshot(`
      "nix result path: 

      Pushing paths to web01 (deploy@web01):
      	* STORE-nixos-system-web01

      Uploading secrets to web01 (web01):
      	* a (9 bytes).. OK
      	* b (9 bytes).. OK
      	- executing post-upload command: sudo systemctl reload nginx

      Running pre-deploy checks on web01 (web01):
      	* before: OK
      pre-deploy checks OK
      Executing 'switch' on matched hosts:

      ** web01

      Uploading secrets to web01 (web01):
      	* c (9 bytes).. OK
      	- executing post-upload command: touch "/tmp/x y"

      Running health checks on web01 (web01):
      	* first: OK
      	* second: OK
      health checks OK
      Done: web01
      "
    `);
  });

  it('G6: the first host that fails ends it', async () => {
    const ran = await golden.run(['deploy', '--on', 'db*', 'net.nix', 'switch'], {
      env: { FAIL: 'switch-to-configuration', CODE: '1' },
    });

    expect(ran).toMatchObject({ code: 1, stdout: expect.stringMatching(/-morph\n$/) });
    expect(ran.stderr).toMatch(/\*\* db01\n.*\nError while activating new configuration\.\n$/);
    expect(remoteCalls(ran).some((line) => line.includes('10.0.0.2'))).toBe(false);
  });

  it('G10: runs everywhere though one host fails, and says so with its exit code, which Morph does not', async () => {
    const ran = await golden.run(['exec', '--on', 'db*', 'net.nix', '--dry-run', 'uname', '-a'], {
      env: { FAIL: 'db01' },
      same: ['stdout', 'stderr', 'log'],
    });

    expect(ran.code).toBe(1);
    expect(remoteCalls(ran)).toEqual(['ssh db01 --dry-run uname -a', 'ssh 10.0.0.2 --dry-run uname -a']);
    expect(ran.stderr).toMatch(
      /\*\* db01\nno luck with db01\nExec of cmd: \[--dry-run uname -a\] failed with err: 'exit status 3'\n\n\*\* db02\n\n$/,
    );
  });

  it('E5, E6: prints them as text, and as JSON with absolute sources', async () => {
    const text = await golden.run(['list-secrets', '--on=web01', 'net.nix'], {
      same: ['code', 'stderr', 'log'],
    });
    const json = await golden.run(['list-secrets', '--json', 'net.nix']);

    expect(text.stdout).toContain(
      'b:\n- `s/b.txt` -> `/run/b`, with:\n\tPermissions: nginx:www, 0440\n\tCreate remote directories: false\n' +
        '\tUpload at: pre-activation\n\tAction: `sudo systemctl reload nginx`\n',
    );
    expect(JSON.parse(json.stdout)).toMatchObject({
      iso: {},
      web01: {
        a: {
          Source: `${golden.folder}/s/a.txt`,
          MkDirs: true,
          Action: ['sudo', 'systemctl', 'reload', 'nginx'],
        },
      },
    });
  });
});
