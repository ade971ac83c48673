import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';

const lib = `import ${join(import.meta.dirname, '../../examples/network/nixpkgs/lib')}`;

/** The configuration that some modules come to, or a rejection with what Nix printed. */
async function config(...modules: string[]): Promise<unknown> {
  const all = modules.map((module, index) =>
    module.startsWith('{ ') ? `({ _file = "m${index}"; } // ${module})` : module,
  );
  const expression = `with ${lib}; removeAttrs (evalModules { modules = [ ${all.join(' ')} ]; }).config [ "_module" ]`;
  const { stdout } = await runProcess(['nix-instantiate', '--eval', '--strict', '--json', '-E', expression]);
  return JSON.parse(stdout);
}

const number = '{ options.a.n = mkOption { type = types.int; default = 1; }; }';
const list = '{ options.l = mkOption { type = types.listOf types.str; }; }';
const hosts = `{
  options.hosts = mkOption {
    default = { };
    type = types.attrsOf (types.submodule ({ name, ... }: {
      options.address = mkOption { type = types.str; default = "to \${name}"; };
      options.port = mkOption { type = types.nullOr types.int; default = null; };
    }));
  };
}`;

describe('the module system of examples/network', () => {
  it('lets the strongest definition win', async () => {
    expect(await config(number)).toEqual({ a: { n: 1 } });
    expect(await config(number, '{ a.n = 2; }', '{ a.n = mkDefault 3; }')).toEqual({ a: { n: 2 } });
    expect(await config(number, '{ a.n = 2; }', '{ a = mkForce { n = 4; }; }')).toEqual({ a: { n: 4 } });
  });

  it('takes conditions that depend on other options', async () => {
    const flag = '{ options.on = mkEnableOption "it"; }';
    const reader = '({ config, ... }: { config = mkIf config.on { a.n = 5; }; })';
    expect(await config(number, flag, reader)).toEqual({ on: false, a: { n: 1 } });
    expect(await config(number, flag, reader, '{ on = true; }')).toEqual({ on: true, a: { n: 5 } });
  });

  it('joins lists, leaves out what is under a false condition, and imports each file once', async () => {
    expect(
      await config(list, '{ l = [ "a" ]; }', '{ l = mkMerge [ [ "b" ] (mkIf false [ "c" ]) ]; }'),
    ).toEqual({
      l: ['a', 'b'],
    });
    const keyed = '{ key = "k"; l = [ "once" ]; }';
    expect(await config(list, `{ imports = [ ${keyed} ]; }`, keyed)).toEqual({ l: ['once'] });
  });

  it('has options inside of options', async () => {
    expect(
      await config(hosts, '{ hosts.web = { }; hosts.db.port = 22; }', '{ hosts.db.address = "x"; }'),
    ).toEqual({
      hosts: { web: { address: 'to web', port: null }, db: { address: 'x', port: 22 } },
    });
    expect(await config(hosts, '{ hosts.web = mkIf false { }; }')).toEqual({ hosts: {} });
  });

  it('hands arguments to modules', async () => {
    expect(await config(number, '{ _module.args.more = 6; }', '({ more, ... }: { a.n = more; })')).toEqual({
      a: { n: 6 },
    });
    await expect(config(number, '({ none, ... }: { a.n = none; })')).rejects.toThrow(
      "wants an argument `none', which is not in specialArgs or _module.args",
    );
  });

  it.each([
    [['{ a.m = 2; }'], "The option `a.m' defined in `m1' does not exist."],
    [['{ a.n = "2"; }'], 'The option `a.n\' must be a whole number, but `m1\' defines it as the string "2".'],
    [['{ a.n = 2; }', '{ a.n = 3; }'], "The option `a.n' has conflicting definitions in `m1' and `m2'."],
    [['{ a = 2; }'], "`a' is a set of options, but `m1' defines it as int."],
    [['{ options.a.n = mkOption { }; }'], "The option `a.n' is declared in several modules: `m0', `m1'."],
    [[list], "The option `l' is used but not defined."],
    [
      ['{ config = { }; a = 1; }'],
      "The module `m1' has `a' beside `config' or `options'; put it into `config'.",
    ],
    [[hosts, '{ hosts.web.prot = 1; }'], "The option `hosts.web.prot' defined in `m2' does not exist."],
    [[list, '{ l = [ 1 ]; }'], "The option `l.[1]' must be a string, but `m2' defines it as 1."],
  ])('says what is wrong with %j', async (modules, message) => {
    await expect(config(number, ...modules)).rejects.toThrow(message);
  });

  it('takes any name when it is told not to check', async () => {
    expect(await config(number, '{ a.m = 2; _module.check = false; }')).toEqual({ a: { n: 1 } });
  });
});
