/** What nix/eval-machines.nix makes of network files, seen by the installed Nix. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import { fleet, networkText, packages, releaseText, temporaryFolder } from './temporary-folder.ts';

const evalMachines = path.join(import.meta.dirname, '../../nix/eval-machines.nix');

async function nix(program: string, ...args: readonly string[]): Promise<string> {
  return (await runProcess([program, ...args])).stdout.trim();
}

function value(file: string, attribute: string, ...args: readonly string[]): Promise<string> {
  const common = ['--eval', '--strict', '--json', '--read-write-mode', evalMachines];
  return nix('nix-instantiate', ...common, '--argstr', 'networkExpr', file, '-A', attribute, ...args);
}

function build(file: string, attribute: string, ...args: readonly string[]): Promise<string> {
  const common = ['--no-out-link', evalMachines, '--argstr', 'networkExpr', file];
  return nix('nix-build', ...common, '-A', attribute, ...args);
}

/** What the stand-in system says of itself: notes, then the store paths that it must keep. */
async function systemOf(file: string, host: string): Promise<{ notes: string; kept: readonly string[] }> {
  const out = await build(file, `nodes."${host}".config.system.build.toplevel`);
  const [notes = '', ...kept] = readFileSync(out, 'utf8').trimEnd().split('\n');
  return { notes, kept };
}

describe('hosts', () => {
  it('are made of their own module, the defaults, and what others say', async () => {
    expect((await systemOf(fleet, 'db02')).notes).toBe('north web01 db02 of db01,db02,dotted.name,iso,web01');
    expect((await systemOf(fleet, 'dotted.name')).notes).toBe(
      'dotted.name of db01,db02,dotted.name,iso,web01',
    );
  });

  it('keep the words of all checks in their closure, those before the deployment first', async () => {
    const { kept } = await systemOf(fleet, 'web01');
    const [file = ''] = kept;

    expect(kept).toHaveLength(1);
    expect(path.basename(file)).toMatch(/^[a-z0-9]{32}-healthcheck-commands\.txt$/);
    expect(readFileSync(file, 'utf8')).toMatch(
      /^pre\ntrue\none argument\n\/nix\/store\/[a-z0-9]{32}-program$/,
    );
  });

  it('have the same file when there are no checks', async () => {
    const { kept } = await systemOf(fleet, 'db01');

    expect(readFileSync(kept[0]!, 'utf8')).toBe('');
  });

  it('fail for a check without a command, as under Morph', async () => {
    await using folder = await temporaryFolder({
      'net.nix': networkText('a.deployment.healthChecks.cmd = [ { description = "x"; } ];'),
    });

    await expect(systemOf(folder.file('net.nix'), 'a')).rejects.toThrow(
      /value is null while a list was expected|expected a list but found null/,
    );
  });

  it('decide on a set of checks as a whole, by priority', async () => {
    await using folder = await temporaryFolder({
      'net.nix': networkText(`
        a = { lib, ... }: {
          imports = [ { deployment.healthChecks = lib.mkDefault { cmd = [ { description = "x"; cmd = [ "x" ]; } ]; }; } ];
          deployment.healthChecks.http = [ { description = "y"; port = 1; } ];
        };`),
    });

    expect(await value(folder.file('net.nix'), 'nodes.a.config.deployment.healthChecks.cmd')).toBe('[]');
  });

  it('are named after themselves, unless they say otherwise', async () => {
    await using folder = await temporaryFolder({
      'net.nix': networkText('a = { }; b = { networking.hostName = "c"; deployment.targetHost = "d"; };'),
    });
    const host = async (name: string): Promise<readonly string[]> => [
      await value(folder.file('net.nix'), `nodes.${name}.config.networking.hostName`),
      await value(folder.file('net.nix'), `nodes.${name}.config.deployment.targetHost`),
    ];

    expect(await host('a')).toEqual(['"a"', '"a"']);
    expect(await host('b')).toEqual(['"c"', '"d"']);
  });

  it('may not misspell options, but are seen by others all the same', async () => {
    await using folder = await temporaryFolder({
      'net.nix': networkText(`
        wrong.environment.nite = [ ];
        right = { nodes, ... }: { environment.note = [ nodes.wrong.config.networking.hostName ]; };`),
    });

    expect((await systemOf(folder.file('net.nix'), 'right')).notes).toBe('wrong');
    await expect(systemOf(folder.file('net.nix'), 'wrong')).rejects.toThrow(
      "The option `environment.nite' does not exist.",
    );
  });

  it('may take modules out of derivations', async () => {
    await using folder = await temporaryFolder({
      'net.nix': networkText(`
        a.imports = [ "\${derivation {
          name = "module"; system = builtins.currentSystem; builder = "/bin/sh";
          args = [ "-c" "echo '{ deployment.tags = [ \\"built\\" ]; }' > $out" ];
        }}" ];`),
    });

    expect(await value(folder.file('net.nix'), 'nodes.a.config.deployment.tags')).toBe('["built"]');
  });
});

describe('the network file', () => {
  it('may have any name', async () => {
    const name = `a b/ü "quoted" $${'{x}'} \\ '.nix`;
    await using folder = await temporaryFolder({ [name]: networkText('a.deployment.tags = [ "t" ];') });

    expect(await value(folder.file(name), 'nodes.a.config.deployment.tags')).toBe('["t"]');
  });

  it('may be given as a path or as a value, as glue around Morph does', async () => {
    const nodes = `(import ${evalMachines} { networkExpr = ${fleet}; }).nodes.db01`;
    const direct = `(import ${evalMachines} { network = import ${fleet}; }).nodes.db01`;
    const read = (expression: string): Promise<string> =>
      nix('nix-instantiate', '--eval', '-E', `(${expression}).config.system.build.toplevel.drvPath`);

    expect(await read(nodes)).toMatch(/nixos-system-db01\.drv"$/);
    expect(await read(direct)).toBe(await read(nodes));
  });

  it('can be evaluated with nothing but its folder in reach', async () => {
    const allowed = [path.dirname(evalMachines), path.dirname(fleet)].flatMap((folder) => ['-I', folder]);
    const restricted = ['--option', 'restrict-eval', 'true', ...allowed];

    expect(await value(fleet, 'info.hostNames', ...restricted)).toBe(
      '["db01","db02","dotted.name","iso","web01"]',
    );
    expect(await value(fleet, 'nodes.db01.config.deployment.tags', ...restricted)).toBe('["db","prod"]');
  });

  it('says what evaluators of it may begin with, whatever the hosts are made of', async () => {
    const example = path.resolve('examples/network/network.nix');

    expect(await value(example, 'openings.packages')).toBe('null');
    expect(await value(example, 'openings.modules.web01')).toBe('null');
    expect(await value(fleet, 'openings.packages')).toBe('null');
    expect(await value(fleet, 'openings.modules.db01')).toBe('null');
  });

  it('opens with packages that are written, and with hosts of which nothing is', async () => {
    const derivationOf = (name: string): string =>
      `derivation { name = "${name}"; system = "x"; builder = "b"; }`;
    const host = `{ environment.etc.a = ${derivationOf('opened-etc')}; systemd.services.b = throw "a unit";
      environment.systemPackages = throw "packages"; assertions = [ { assertion = true; message = throw "a"; } ]; }`;
    const openings = `import ${path.resolve('nix/openings.nix')} {
      packages = { stdenv = throw "no stdenv"; systemd = ${derivationOf('opened-systemd')}; };
      nodes.host.config = ${host};
    }`;
    const open = (attribute: string) =>
      nix('nix-instantiate', '--eval', '--read-write-mode', '-E', `(${openings}).${attribute}`);
    const opened = (): readonly string[] =>
      readdirSync('/nix/store').flatMap((name) => /-(opened-.*)\.drv$/.exec(name)?.[1] ?? []);

    expect(await open('modules.host')).toBe('null');
    expect(opened()).toEqual([]);
    expect(await open('packages')).toBe('null');
    expect(opened()).toEqual(['opened-systemd']);
  });

  it('may name a build shell', async () => {
    await using folder = await temporaryFolder({
      'net.nix': networkText('', '{ buildShell = derivation { name = "s"; system = "x"; builder = "b"; }; }'),
    });

    expect(await value(fleet, 'info.buildShell')).toBe('null');
    expect(await value(folder.file('net.nix'), 'info.buildShell')).toMatch(/^"\/nix\/store\/.*-s\.drv"$/);
  });
});

describe('releases of NixOS', () => {
  /** The system that a host is made for, in a release, with a network. */
  async function made(release: string, host: string, network = '{ }'): Promise<string> {
    await using folder = await temporaryFolder({
      'net.nix': releaseText(release, `a = ${host};`, network),
    });
    // Awaited here: the folder goes with this function.
    return await value(folder.file('net.nix'), 'nodes.a.config.system.build.toplevel.system');
  }
  const pkgs = `{ pkgs = ${packages('x86_64-linux')}; }`;
  const arm = '{ nixpkgs.system = "aarch64-linux"; }';
  const r1703 = '{ pkgsOption = false; hostPlatform = false; modern = false; }';
  const r1803 = '{ hostPlatform = false; }';
  const r2009 = '{ hostPlatform = false; assertsSystem = true; }';
  const today = '{ }';

  it.each([
    [r1703, '{ }', '{ }', '"x86_64-linux"'],
    [r1703, arm, '{ }', '"aarch64-linux"'],
    [r1703, '{ }', `{ pkgs = ${packages('i686-linux')}; }`, '"i686-linux"'],
    [r1703, arm, pkgs, '"aarch64-linux"'],
    [r1803, '{ }', '{ }', '"x86_64-linux"'],
    [r1803, arm, '{ }', '"aarch64-linux"'],
    [r1803, '{ }', pkgs, '"x86_64-linux"'],
    [r2009, '{ }', '{ }', '"x86_64-linux"'],
    [r2009, '{ }', pkgs, '"x86_64-linux"'],
    [r2009, arm, pkgs, '"aarch64-linux"'],
    [today, arm, '{ }', '"aarch64-linux"'],
    [today, '{ nixpkgs.hostPlatform = "aarch64-linux"; }', '{ }', '"aarch64-linux"'],
    [today, '{ }', pkgs, '"x86_64-linux"'],
    [today, `{ nixpkgs.pkgs = ${packages('riscv64-linux')}; }`, pkgs, '"riscv64-linux"'],
  ])('%s: %s with %s', async (release, host, network, system) => {
    expect(await made(release, host, network)).toBe(system);
  });

  it('leave a host of today without system and packages as it is: an error', async () => {
    await expect(made(today, '{ }')).rejects.toThrow('nixpkgs.system is not set');
  });

  it('take packages of another system where NixOS does, but not without a word', async () => {
    await using folder = await temporaryFolder({ 'net.nix': releaseText(today, `a = ${arm};`, pkgs) });
    const argv = [
      'nix-instantiate',
      evalMachines,
      '--argstr',
      'networkExpr',
      folder.file('net.nix'),
    ] as const;
    const { stderr } = await runProcess([...argv, '-A', 'nodes.a.config.system.build.toplevel']);

    expect(stderr).toContain(
      'a is meant for aarch64-linux, but is made of network.pkgs, which are for x86_64-linux',
    );
    expect(await made(today, arm, pkgs)).toBe('"x86_64-linux"');
  });

  it('are told by whichever name they have for it', async () => {
    await using folder = await temporaryFolder({
      'old.nix': releaseText(r1703, 'a = { };'),
      'new.nix': releaseText(today, 'a = { };'),
    });
    const release = async (file: string): Promise<unknown> =>
      JSON.parse(await value(folder.file(file), 'info.machines.a')).nixosRelease;

    expect(await release('old.nix')).toBe('17.03');
    expect(await release('new.nix')).toBe('24.05');
  });
});

describe('machines', () => {
  it('link the hosts asked for, in whatever order they are', async () => {
    await using folder = await temporaryFolder({});
    const result = async (...names: readonly string[]): Promise<string> => {
      const file = folder.file('args.json');
      await writeFile(file, JSON.stringify({ Names: names }));
      return build(fleet, 'machines', '--argstr', 'argsFile', file);
    };
    const out = await result('dotted.name', 'db01');

    expect(readdirSync(out)).toEqual(['db01', 'dotted.name']);
    expect(readlinkSync(path.join(out, 'db01'))).toMatch(/-nixos-system-db01$/);
    expect(await result('db01', 'dotted.name')).toBe(out);
  });

  it('link what build targets make of hosts', async () => {
    await using folder = await temporaryFolder({ 'args.json': '{ "Names": [ "db01" ] }' });
    const args = ['--argstr', 'argsFile', folder.file('args.json')];
    const targets = [
      '--arg',
      'buildTargets',
      '{ out = n: n.config.system.build.toplevel; "a b" = n: builtins.toFile "x" "y"; }',
    ];
    const out = await build(fleet, 'machines', ...args, ...targets);

    expect(readdirSync(path.join(out, 'db01'))).toEqual(['a b', 'out']);
    expect(readFileSync(path.join(out, 'db01', 'a b'), 'utf8')).toBe('y');
  });
});
