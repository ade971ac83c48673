import { describe, expect, it } from 'vitest';
import type { BasicDerivation, DerivationOutput } from './derivation.ts';
import {
  allowsSubstitutes,
  isBuiltin,
  isFixedOutput,
  prefersLocalBuild,
  requiredSystemFeatures,
} from './derivation-options.ts';
import { storePathFromBaseName } from './store-path.ts';

const path = storePathFromBaseName('5k2r78dr3fdr14rll13sm5dmjb5fpw3r-hello');
const plain: DerivationOutput = { path, hashAlgorithm: '', hash: '' };

function drv(
  env: Record<string, string>,
  outputs: Record<string, DerivationOutput> = { out: plain },
): BasicDerivation {
  return {
    outputs: new Map(Object.entries(outputs)),
    inputSources: [],
    platform: 'x86_64-linux',
    builder: '/bin/sh',
    args: [],
    env: new Map(Object.entries(env)),
  };
}

const structured = (json: object, env: Record<string, string> = {}): BasicDerivation =>
  drv({ ...env, __json: JSON.stringify(json) });

describe('requiredSystemFeatures', () => {
  it('is a list of words, sorted, each once', () => {
    expect(requiredSystemFeatures(drv({ requiredSystemFeatures: ' kvm  big-parallel\n\tkvm ' }))).toEqual([
      'big-parallel',
      'kvm',
    ]);
  });

  it('is empty when nothing is said', () => {
    expect(requiredSystemFeatures(drv({}))).toEqual([]);
    expect(requiredSystemFeatures(structured({}))).toEqual([]);
  });

  it('comes from structured attributes alone where there are any', () => {
    const env = { requiredSystemFeatures: 'ignored' };
    expect(
      requiredSystemFeatures(structured({ requiredSystemFeatures: ['nixos-test', 'kvm'] }, env)),
    ).toEqual(['kvm', 'nixos-test']);
    expect(requiredSystemFeatures(structured({}, env))).toEqual([]);
  });

  it('has ca-derivations where an output path is not known', () => {
    const floating = { out: { path: undefined, hashAlgorithm: 'r:sha256', hash: '' } };
    expect(requiredSystemFeatures(drv({ requiredSystemFeatures: 'kvm' }, floating))).toEqual([
      'ca-derivations',
      'kvm',
    ]);
  });
});

describe('prefersLocalBuild and allowsSubstitutes', () => {
  it('have the defaults of Nix', () => {
    for (const each of [drv({}), structured({})]) {
      expect(prefersLocalBuild(each)).toBe(false);
      expect(allowsSubstitutes(each)).toBe(true);
    }
  });

  it('are true for "1" only', () => {
    expect(prefersLocalBuild(drv({ preferLocalBuild: '1' }))).toBe(true);
    expect(prefersLocalBuild(drv({ preferLocalBuild: 'true' }))).toBe(false);
    expect(allowsSubstitutes(drv({ allowSubstitutes: '' }))).toBe(false);
    expect(allowsSubstitutes(drv({ allowSubstitutes: '1' }))).toBe(true);
  });

  it('come from structured attributes alone where there are any', () => {
    const env = { preferLocalBuild: '', allowSubstitutes: '1' };
    const each = structured({ preferLocalBuild: true, allowSubstitutes: false }, env);
    expect(prefersLocalBuild(each)).toBe(true);
    expect(allowsSubstitutes(each)).toBe(false);
  });
});

describe('structured attributes that are wrong', () => {
  it('are refused with the derivation and the attribute', () => {
    expect(() => prefersLocalBuild(structured({ preferLocalBuild: 'yes' }, { name: 'hello' }))).toThrow(
      /structured attributes \(__json\) of the derivation hello: .*preferLocalBuild/s,
    );
    expect(() => requiredSystemFeatures(structured({ requiredSystemFeatures: 'kvm' }))).toThrow(
      expect.objectContaining({
        code: 'nix.derivation-invalid',
        message: expect.stringContaining(`of the derivation ${path}`),
      }),
    );
  });

  it('are refused when they are no JSON, or no object', () => {
    expect(() => allowsSubstitutes(drv({ __json: '{' }))).toThrow(/__json/);
    expect(() => allowsSubstitutes(drv({ __json: '[]' }))).toThrow(/__json/);
    expect(() => allowsSubstitutes(drv({ __json: '{' }, {}))).toThrow(/the derivation without a name/);
  });
});

describe('isFixedOutput', () => {
  const fixed: DerivationOutput = { path, hashAlgorithm: 'r:sha256', hash: 'ab'.repeat(32) };

  it('is true for one output named out with a hash', () => {
    expect(isFixedOutput(drv({}, { out: fixed }))).toBe(true);
  });

  it('is false for any other', () => {
    expect(isFixedOutput(drv({}))).toBe(false);
    expect(isFixedOutput(drv({}, { out: { ...fixed, hash: '' } }))).toBe(false);
    expect(isFixedOutput(drv({}, { out: { ...fixed, hash: 'impure' } }))).toBe(false);
    expect(isFixedOutput(drv({}, { dev: fixed }))).toBe(false);
    expect(isFixedOutput(drv({}, { out: fixed, dev: plain }))).toBe(false);
  });
});

describe('isBuiltin', () => {
  it('looks at the builder', () => {
    expect(isBuiltin({ ...drv({}), builder: 'builtin:fetchurl' })).toBe(true);
    expect(isBuiltin(drv({}))).toBe(false);
  });
});
