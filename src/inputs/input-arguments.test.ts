import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../nix/store-path.ts';
import type { ResolvedInput, ResolvedValue } from './input.ts';
import { inputArguments } from './input-arguments.ts';

const a = parseStorePath(`/nix/store/${'a'.repeat(32)}-source`);
const b = parseStorePath(`/nix/store/${'b'.repeat(32)}-b?x=1.drv`);

function input(name: string, value: ResolvedValue, type = 'git'): ResolvedInput {
  return { name, type, value, uri: null, revision: null, sha256: null, dependency: null };
}

function expression(value: ResolvedValue, type?: string): string | undefined {
  return inputArguments([input('x', value, type)]).args.x;
}

describe('inputArguments', () => {
  it('includes what is a path, sorted by name', () => {
    const path: ResolvedValue = { kind: 'path', storePath: a, attributes: {} };
    const { includes, args } = inputArguments([
      input('nixpkgs', path),
      input('Network', path),
      input('flag', { kind: 'boolean', value: true }, 'boolean'),
      input('builds', { kind: 'builds', outputs: {} }, 'eval'),
    ]);

    expect(includes).toEqual([`Network=${a}`, `nixpkgs=${a}`]);
    expect(Object.keys(args)).toEqual(['Network', 'builds', 'flag', 'nixpkgs']);
  });

  it('escapes a string, and passes an expression on as it is', () => {
    expect(expression({ kind: 'string', value: 'a "b" $c' })).toBe('"a \\"b\\" $c"');
    expect(expression({ kind: 'nix', expression: '{ a = 1; } # x' })).toBe('{ a = 1; } # x');
    expect(expression({ kind: 'boolean', value: false })).toBe('false');
  });

  it('has the attributes of a git checkout in Hydra’s order', () => {
    const attributes = { shortRev: 'abc', gitTag: 'v"1', revCount: 3, rev: 'abcdef', uri: 'https://x/"y"' };

    expect(expression({ kind: 'path', storePath: a, attributes })).toBe(
      `{ outPath = builtins.storePath "${a}"; inputType = "git"; uri = "https://x/\\"y\\""; rev = "abcdef"; ` +
        'revCount = 3; gitTag = "v\\"1"; shortRev = "abc"; }',
    );
  });

  it('tells a number from a string, and leaves out what only we know', () => {
    expect(expression({ kind: 'path', storePath: a, attributes: { rev: 7, secret: 'x' } }, 'svn')).toBe(
      `{ outPath = builtins.storePath "${a}"; inputType = "svn"; rev = 7; }`,
    );
  });

  it('has version, output and derivation of a build at the end', () => {
    const attributes = { outputName: 'out', version: '1.0' };

    expect(expression({ kind: 'path', storePath: a, attributes, drvPath: b }, 'build')).toBe(
      `{ outPath = builtins.storePath "${a}"; inputType = "build"; version = "1.0"; outputName = "out"; ` +
        `drvPath = builtins.storePath "${b}"; }`,
    );
  });

  it('nests the jobs of an evaluation by their dots', () => {
    expect(expression({ kind: 'builds', outputs: { 'p.x86_64-linux.a': a, 'p.b': b, or: a } })).toBe(
      `{ "p" = { "x86_64-linux" = { "a" = builtins.storePath "${a}"; }; "b" = builtins.storePath "${b}"; }; ` +
        `"or" = builtins.storePath "${a}"; }`,
    );
  });

  it('makes a job the outPath of those below its name', () => {
    expect(expression({ kind: 'builds', outputs: { 'a.b': b, a } })).toBe(
      `{ "a" = { outPath = builtins.storePath "${a}"; "b" = builtins.storePath "${b}"; }; }`,
    );
  });

  it('leaves out a build that does not exist yet', () => {
    expect(inputArguments([input('x', { kind: 'absent' })])).toEqual({ includes: [], args: {} });
  });
});
