import { describe, expect, it } from 'vitest';
import { applyJobsetFlags, type JobsetFlags, newJobset } from './jobset-flags.ts';

const before = {
  ...newJobset,
  description: 'before',
  checkinterval: 60,
  inputs: { src: { name: 'src', type: 'path', value: '/src', emailresponsible: true } },
};

describe('applyJobsetFlags', () => {
  it('leaves what is not said', () => {
    expect(applyJobsetFlags(before, {})).toEqual(before);
  });

  it.each<[JobsetFlags, object]>([
    [{ network: 'net:network.nix' }, { type: 2, nixexprinput: 'net', nixexprpath: 'network.nix', flake: '' }],
    [{ expression: 'net:hydra/a:b.nix' }, { type: 0, nixexprinput: 'net', nixexprpath: 'hydra/a:b.nix' }],
    [{ flake: 'github:a/b' }, { type: 1, flake: 'github:a/b', nixexprinput: '' }],
    [{ state: 'one-shot' }, { enabled: 2 }],
    [{ state: 'disabled' }, { enabled: 0 }],
    [{ checkInterval: '1 h' }, { checkinterval: 3600 }],
    [{ checkInterval: '0' }, { checkinterval: 0 }],
    [
      { description: '', hidden: true, keep: 0 },
      { description: '', visible: false, keepnr: 0 },
    ],
    [
      { importFromDerivation: true, email: true },
      { allow_import_from_derivation: true, enableemail: true },
    ],
  ])('takes %j', (flags, wanted) => {
    expect(applyJobsetFlags(before, flags)).toEqual({ ...before, ...wanted });
  });

  it('adds, replaces and removes inputs, whatever their values look like', () => {
    const { inputs } = applyJobsetFlags(before, {
      removeInput: ['src'],
      input: ['net=git:https://x:1/a=b.git main', 'flag=boolean:true', 'text=string:', 'net=path:/net'],
    });

    expect(Object.values(inputs).map(({ name, type, value }) => [name, type, value])).toEqual([
      ['net', 'path', '/net'],
      ['flag', 'boolean', 'true'],
      ['text', 'string', ''],
    ]);
  });

  it.each<[JobsetFlags, string]>([
    [
      { network: 'network.nix' },
      "--network wants INPUT:PATH, such as network:network.nix; got 'network.nix'",
    ],
    [{ expression: ':x' }, '--expression wants INPUT:PATH'],
    [{ network: 'a:b', flake: 'c' }, 'only one of --network, --expression and --flake can be given'],
    [
      { input: ['net'] },
      "--input wants NAME=TYPE:VALUE, such as 'network=git:https://x/net.git main'; got 'net'",
    ],
    [{ input: ['net=git'] }, '--input wants NAME=TYPE:VALUE'],
    [{ removeInput: ['x'] }, "there is no input 'x' to remove"],
    [{ state: 'on' }, "--state wants one of disabled, enabled, one-shot, one-at-a-time; got 'on'"],
    [{ checkInterval: 'often' }, '--check-interval wants a time such as 300 or "1 h"; got \'often\''],
  ])('refuses %j', (flags, message) => {
    expect(() => applyJobsetFlags(before, flags)).toThrow(
      expect.objectContaining({ code: 'usage.invalid', message: expect.stringContaining(message) }),
    );
  });
});
