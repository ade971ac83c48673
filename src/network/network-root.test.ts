import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { instantiateArgv, networkEvalArgv, networkRoot, toplevelAttrPath } from './network-root.ts';

const own = path.resolve(import.meta.dirname, '../../nix/eval-machines.nix');

describe('networkRoot', () => {
  it('applies our expression to the file, on one line', () => {
    expect(networkRoot('/a b/"net".nix', {})).toBe(`import "${own}" { networkExpr = "/a b/\\"net\\".nix"; }`);
  });

  it('takes another expression when one is named', () => {
    expect(networkRoot('/net.nix', { MORPH_NIX_EVAL_MACHINES: '/other.nix' })).toBe(
      'import "/other.nix" { networkExpr = "/net.nix"; }',
    );
  });

  it('has systems where NixOS puts them, dots in names or not', () => {
    expect(toplevelAttrPath('a.b')).toEqual(['nodes', 'a.b', 'config', 'system', 'build', 'toplevel']);
  });
});

describe('instantiateArgv', () => {
  it('makes the file absolute and goes to Morph’s command when there is one', () => {
    expect(instantiateArgv('net.nix', 'info.x', ['--json'], { MORPH_NIX_EVAL_CMD: '/bin/wrap' })).toEqual([
      '/bin/wrap',
      '--eval',
      own,
      '--argstr',
      'networkExpr',
      path.resolve('net.nix'),
      '--attr',
      'info.x',
      '--strict',
      '--read-write-mode',
      '--json',
    ]);
  });

  it('looks below the hosts for `eval`', () => {
    const argv = networkEvalArgv('/net.nix', '"a.b".config.x', {});

    expect(argv[0]).toBe('nix-instantiate');
    expect(argv).toContain('nodes."a.b".config.x');
    expect(argv).not.toContain('--json');
  });
});
