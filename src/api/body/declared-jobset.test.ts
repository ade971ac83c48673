import { describe, expect, it } from 'vitest';
import { declaredJobset } from './declared-jobset.ts';

const types = [{ type: 'git', title: 'Git', check: () => undefined }];
const declared = (spec: unknown, name = 'main') => declaredJobset(name, spec, types);
const least = { nixexprinput: 'src', nixexprpath: 'x.nix' };

describe('declaredJobset', () => {
  it('has the values of a new jobset for what is left out', () => {
    expect(declared(least)).toEqual({
      name: 'main',
      description: '',
      type: 0,
      nixExprInput: 'src',
      nixExprPath: 'x.nix',
      flake: null,
      state: 1,
      hidden: false,
      enableEmail: false,
      emailOverride: '',
      keepEvaluations: 3,
      checkInterval: 300,
      schedulingShares: 100,
      enableDynamicRunCommand: false,
      allowImportFromDerivation: false,
      inputs: [],
    });
  });

  it('takes what Hydra takes', () => {
    const inputs = { src: { type: 'git', value: 'https://example.org/x main', emailresponsible: false } };
    expect(declared({ ...least, enabled: '2', hidden: true, checkinterval: 0, inputs })).toMatchObject({
      state: 2,
      hidden: true,
      checkInterval: 0,
      inputs: [{ name: 'src', type: 'git', value: 'https://example.org/x main' }],
    });
    expect(declared({ type: 1, flake: 'github:a/b', enabled: false })).toMatchObject({
      type: 1,
      flake: 'github:a/b',
      state: 0,
    });
  });

  it.each([
    [[], 'main', 'wanted an object with the settings of a jobset'],
    [{ ...least, colour: 1, shape: 2 }, 'main', 'there is no setting colour, shape'],
    [least, '.jobsets', 'wanted a jobset name'],
    [{ ...least, inputs: { src: { type: 'svm' } } }, 'main', 'Invalid input type ‘svm’'],
    [{ ...least, keepnr: 'many' }, 'main', 'keepnr: wanted a whole number'],
    [{}, 'main', 'nixexprinput: wanted'],
  ])('refuses %j as %s', (spec, name, message) => {
    expect(() => declared(spec, name)).toThrow(message);
  });
});
