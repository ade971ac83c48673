import { mkdir, readdir, readFile, readlink, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import { type Golden, morphArgsOf, openGolden, selectedHosts } from './golden.ts';

let golden: Golden;
beforeAll(async () => {
  golden = await openGolden();
});

describe('morph build', () => {
  it('E2: another order gives the same result', async () => {
    const [first, second] = [
      await golden.run(['build', '--on', '{db,web}01', 'net.nix']),
      await golden.run(['build', '--order-by-tags', 'web,db', 'net.nix', '--on={db,web}01']),
    ];

    expect(selectedHosts(second).hosts).toEqual(['web01', 'db01']);
    expect(second.stdout).toBe(first.stdout);
  });

  it('G15: --keep-result keeps a link beside the network file', async () => {
    const ran = await golden.run(['--keep-result', 'build', '--on', 'db01', 'net.nix']);

    expect(await readlink(path.join(golden.folder, '.gcroots/net.nix'))).toBe(ran.stdout.trim());
    expect(morphArgsOf(ran, 'nix-build')).toMatchObject({ NixContext: { KeepGCRoot: true } });
  });

  it('G15: builds other things of hosts with --target and --target-file', async () => {
    await writeFile(
      path.join(golden.folder, 'targets.nix'),
      '{ one = n: n.config.system.build.toplevel; two = n: n.config.system.build.toplevel; }',
    );

    const target = await golden.run([
      'build',
      '--target',
      'n: n.config.system.build.toplevel',
      '--on=db*',
      'net.nix',
    ]);
    const file = await golden.run([
      'build',
      '--target=x',
      '--target-file',
      'targets.nix',
      '--on=db01',
      'net.nix',
    ]);

    expect(await readlink(`${target.stdout.trim()}/db02/out`)).toMatch(/-nixos-system-db02$/);
    expect(await readdir(`${file.stdout.trim()}/db01`)).toEqual(['one', 'two']);
    expect(file.log.find((line) => line.startsWith('nix-build ['))).toContain(
      `[--arg] [buildTargets] [import "${golden.folder}/targets.nix"]`,
    );
  });

  it('G15: hands --build-arg and --show-trace on', async () => {
    const ran = await golden.run([
      'build',
      '--build-arg=--quiet',
      'net.nix',
      '--build-arg=--max-jobs',
      '--build-arg=2',
      '--on=db01',
      '--show-trace',
    ]);

    expect(ran.stderr).toContain('Deprecation: The --build-arg flag will be removed in a future release.\n');
    expect(ran.log.find((line) => line.startsWith('nix-build ['))).toMatch(
      / \[--option\] \[cores\] \[1\] \[--quiet\] \[--max-jobs\] \[2\] \[--show-trace\]$/,
    );
    expect(morphArgsOf(ran, 'nix-build')).toMatchObject({ NixArgs: ['--quiet', '--max-jobs', '2'] });
  });

  it('G15: builds inside a shell only when that is allowed', async () => {
    const network = await readFile(path.join(golden.folder, 'net.nix'), 'utf8');
    const shell =
      'buildShell = derivation { name = "shell"; system = builtins.currentSystem; builder = "/bin/sh"; };';
    await writeFile(
      path.join(golden.folder, 'shell.nix'),
      network.replace('description = "golden";', `description = "golden"; ${shell}`),
    );
    const stand = path.join(golden.folder, 'no-shell');
    await writeFile(
      stand,
      '#!/bin/sh\necho "shell [$1] [$2] [$3]" >> "$MORPH_LOG"; PATH=$REAL_PATH exec /bin/sh -c "$4"\n',
      {
        mode: 0o755,
      },
    );
    const env = { MORPH_NIX_SHELL_CMD: stand };

    const without = await golden.run(['build', '--on=db01', 'shell.nix'], { env });
    const allowed = await golden.run(['--allow-build-shell', 'build', '--on=db01', 'shell.nix'], { env });

    expect(without.log.some((line) => line.startsWith('shell '))).toBe(false);
    expect(allowed.log.find((line) => line.startsWith('shell '))).toMatch(
      /^shell \[\/nix\/store\/.*-shell\.drv\] \[--pure\] \[--run\]$/,
    );
    expect(allowed.stdout).toBe(without.stdout);
  });

  it('runs other programs in the place of Nix’s, as the environment says', async () => {
    for (const [name, real] of [
      ['my-eval', 'nix-instantiate'],
      ['my-build', 'nix-build'],
    ] as const) {
      await writeFile(
        path.join(golden.folder, name),
        `#!/bin/sh\necho "${name}" >> "$MORPH_LOG"; PATH=$REAL_PATH exec ${real} "$@"\n`,
        { mode: 0o755 },
      );
    }
    const env = { MORPH_NIX_EVAL_CMD: './my-eval', MORPH_NIX_BUILD_CMD: './my-build' };

    const ran = await golden.run(['build', '--on', 'db01', 'net.nix'], { env });

    expect(ran.code).toBe(0);
    expect(ran.log).toEqual(['my-eval', 'my-eval', 'my-build']);
  });

  it('E7: the programs of checks are in the closure of their host', async () => {
    const { stdout } = await golden.run(['build', '--on=web01', 'net.nix']);
    const { stdout: closure } = await runProcess(['nix-store', '-qR', stdout.trim()]);

    const commands = closure.split('\n').find((line) => line.endsWith('-healthcheck-commands.txt'));

    expect(await readFile(commands!, 'utf8')).toBe(
      'check\nbefore\ncheck\none\ntest\n"$(systemctl is-active nginx)" = active',
    );
  });

  it('says how Nix failed, and prints no result', async () => {
    await writeFile(path.join(golden.folder, 'bad.nix'), '{ network = import ./none.nix; }');
    const network = await readFile(path.join(golden.folder, 'net.nix'), 'utf8');
    await writeFile(
      path.join(golden.folder, 'fail.nix'),
      network.replace('[ site ]', '[ (throw "no such luck") ]'),
    );

    const evaluation = await golden.run(['build', 'bad.nix']);
    const build = await golden.run(['build', 'fail.nix']);

    expect(evaluation).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/\nError while running `nix-instantiate \.\.`: exit status 1\n$/),
    });
    expect(build).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('no such luck') });
    expect(build.stderr).toMatch(
      /\nError while running `\/.*nix-build .*--attr machines --option cores 1 \.\.\.`: See above\.\n$/,
    );
  });

  it('takes a network file with a space in its path, which Morph cannot', async () => {
    const folder = path.join(golden.folder, 'a b');
    await mkdir(folder);
    await symlink(path.join(golden.folder, 'net.nix'), path.join(folder, 'net.nix'));

    const { code } = await golden.run(['build', '--on=db01', 'a b/net.nix'], { same: [] });

    expect(code).toBe(0);
  });
});

describe('G13: which hosts', () => {
  it.each([
    [['--on', '{db,web}01'], ['db01', 'web01'], '2/4 hosts (name filter:-2, limits:-0)'],
    [['--on', 'db?[12]'], ['db01', 'db02'], '2/4 hosts (name filter:-2, limits:-0)'],
    [['--tagged', 'db,prod'], ['db01'], '1/4 hosts (name filter:-0, limits:-3)'],
    [['--tagged', 'db, prod'], [], '0/4 hosts (name filter:-0, limits:-4)'],
    [['--every', '2'], ['db01', 'web01'], '2/4 hosts (name filter:-0, limits:-2)'],
    [['--skip', '1', '--limit', '1'], ['db02'], '1/4 hosts (name filter:-0, limits:-3)'],
    [['--skip=9'], [], '0/4 hosts (name filter:-0, limits:-4)'],
    [['--on', ''], [], '0/4 hosts (name filter:-4, limits:-0)'],
  ])('%j', async (flags, hosts, counts) => {
    const ran = await golden.run(['list-secrets', '--json', ...flags, 'net.nix']);

    expect(selectedHosts(ran)).toEqual({ header: `Selected ${counts}:`, hosts });
    expect(ran.code).toBe(0);
  });

  it('says that nothing is left to build', async () => {
    expect(await golden.run(['build', '--on', 'nothing', 'net.nix'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'Selected 0/4 hosts (name filter:-4, limits:-0):\n\nNo hosts selected\n',
    });
  });

  it.each([
    [['--on', '['], "the pattern '[' cannot be read"],
    [['--every', '0'], '--every must be a whole number of at least 1'],
    [['--skip=-1'], '--skip must be a whole number of at least 0'],
  ])('says what is wrong with %j, where Morph panics', async (flags, message) => {
    const ran = await golden.run(['build', ...flags, 'net.nix'], { same: [] });

    expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(message) });
  });
});

describe('morph eval', () => {
  it('E3, E4: prints Nix, and no header', async () => {
    const tags = await golden.run(['eval', 'net.nix', 'web01.config.deployment.tags']);
    const site = await golden.run(['eval', 'net.nix', 'db02.config.environment.note']);
    const missing = await golden.run(['eval', 'net.nix', 'none.config']);

    expect(tags).toMatchObject({ code: 0, stdout: '[ "web" ]\n', stderr: '' });
    expect(site.stdout).toBe('[ "north" ]\n');
    expect(missing).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/\nexit status 1\n$/),
    });
    expect(morphArgsOf(tags, 'nix-instantiate')).toMatchObject({
      AsJSON: false,
      Attr: 'nodes.web01.config.deployment.tags',
    });
  });
});

describe('G18: networks that are not right', () => {
  async function variant(name: string, change: (text: string) => string): Promise<string> {
    const network = await readFile(path.join(golden.folder, 'net.nix'), 'utf8');
    await writeFile(path.join(golden.folder, name), change(network));
    return name;
  }

  it('lets modules come out of derivations, which Morph does not', async () => {
    const file = await variant('ifd.nix', (text) =>
      text.replace(
        'iso.deployment.buildOnly = true;',
        'iso.imports = [ (import (derivation { name = "module"; inherit system; builder = "/bin/sh"; args = [ "-c" "echo { environment.note = [ 1 ]\\\\; } > $out" ]; })) ];',
      ),
    );

    const { code, stderr } = await golden.run(['build', '--on=iso', file], { same: [] });

    expect(stderr).toContain('0: iso');
    expect(code).toBe(0);
  });

  it.each([
    [
      'an option that nobody knows',
      'iso.deployment.typo = 1;',
      "The option `deployment.typo' does not exist",
      undefined,
    ],
    [
      'a check without a command',
      'iso.deployment.healthChecks.cmd = [ { description = "x"; } ];',
      'value is null',
      'build',
    ],
    [
      'a secret whose source is a path',
      'iso.deployment.secrets.x = { source = ./s; destination = "/x"; };',
      'not of type `string',
      undefined,
    ],
  ])('refuses %s', async (_what, module, message, command = 'list-secrets') => {
    const file = await variant('wrong.nix', (text) =>
      text.replace('iso.deployment.buildOnly = true;', module),
    );

    const ran = await golden.run([command, file]);

    expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(message) });
  });

  it('refuses settings of Nix that are no text', async () => {
    const file = await variant('cores.nix', (text) =>
      text.replace('nixConfig.cores = "1"', 'nixConfig.cores = 1'),
    );

    expect((await golden.run(['build', file])).stderr).toContain(
      "nix option 'cores' must have a string typed value",
    );
  });

  it('refuses a function, and knows of no host in an empty network', async () => {
    await writeFile(path.join(golden.folder, 'function.nix'), '{ ... }: { }');
    const base = path.join(import.meta.dirname, '../fixtures/network/base.nix');
    await writeFile(path.join(golden.folder, 'empty.nix'), `{ network = import ${base}; }`);

    expect((await golden.run(['build', 'function.nix'])).code).toBe(1);
    expect(await golden.run(['build', 'empty.nix'])).toMatchObject({
      code: 1,
      stderr: 'Selected 0/0 hosts (name filter:-0, limits:-0):\n\nNo hosts selected\n',
    });
    expect(await golden.run(['list-secrets', '--json', 'empty.nix'])).toMatchObject({
      code: 0,
      stdout: '{}\n',
    });
  });
});

describe('without Nix', () => {
  it('says what is missing', async () => {
    const bin = path.join(golden.folder, 'bare');
    await mkdir(bin, { recursive: true });
    for (const name of ['sh', 'dirname', 'readlink', 'node']) {
      const { stdout } = await runProcess(['which', name]);
      await symlink(stdout.trim(), path.join(bin, name)).catch(() => {});
    }
    await rename(bin, `${bin}.bin`);

    const ran = await golden.run(['build', 'net.nix'], {
      env: { PATH: `${bin}.bin` },
      same: ['code', 'stdout'],
    });

    expect(ran).toMatchObject({ code: 1, stderr: "Missing dependencies: 'nix' on $PATH\n" });
  });
});
