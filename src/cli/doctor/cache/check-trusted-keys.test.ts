import { describe, expect, it } from 'vitest';
import { printPublicKey } from '../../../nix/public-key.ts';
import { generateSecretKey } from '../../../nix/signing-key.ts';
import { checkCacheKeys, readTrustedKeys } from './check-trusted-keys.ts';

const text = (name: string): string => printPublicKey(generateSecretKey(name).publicKey);
const [a, otherA, b] = [text('a-1'), text('a-1'), text('b-1')] as const;
const read = (...keys: readonly string[]) =>
  readTrustedKeys({ 'trusted-public-keys': [...keys], 'require-sigs': true });
const statuses = (said: readonly string[], ...trusted: readonly string[]): readonly string[] =>
  checkCacheKeys(said, read(...trusted), 'add').map(({ status }) => status);

describe('readTrustedKeys', () => {
  it('has nothing to say of keys with different names, or of one that is there twice', () => {
    expect(read(a, b, a).checks).toEqual([]);
    expect([...read(a, b).byName.keys()]).toEqual(['a-1', 'b-1']);
  });

  it('takes the first of a name, as Nix does, and says which that is', () => {
    const { byName, checks } = read(a, otherA);
    expect(printPublicKey(byName.get('a-1')!)).toBe(a);
    expect(checks).toMatchObject([{ status: 'problem', detail: expect.stringContaining(`uses only ${a}`) }]);
  });

  it.each(['rubbish', 'a-1:AAAA', ':x', `${a},${b}`])('finds what is no key: %s', (wrong) => {
    expect(read(wrong, b).checks).toMatchObject([
      { status: 'problem', detail: expect.stringContaining('is no key') },
    ]);
  });

  it('warns where signatures are not looked at', () => {
    const settings = { 'trusted-public-keys': [a], 'require-sigs': false };
    expect(readTrustedKeys(settings).checks).toMatchObject([{ name: 'require-sigs', status: 'warning' }]);
  });
});

describe('checkCacheKeys', () => {
  it('wants one trusted key, and mentions the others', () => {
    expect(statuses([a], a)).toEqual(['ok']);
    expect(statuses([a, b], a)).toEqual(['ok', 'warning']);
    expect(statuses([a, b])).toEqual(['problem', 'problem']);
  });

  it('tells a key that is not trusted from one that has another value there', () => {
    const [unknown] = checkCacheKeys([a], read(b), 'add to nix.conf:');
    const [changed] = checkCacheKeys([a], read(otherA), 'add to nix.conf:');
    expect(unknown).toMatchObject({ mend: `add to nix.conf: ${a}` });
    expect(changed?.detail).toContain(`nix.conf has ${otherA}, the cache has ${a}`);
  });
});
