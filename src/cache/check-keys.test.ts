import { describe, expect, it } from 'vitest';
import { generateSecretKey } from '../nix/signing-key.ts';
import { checkKeys } from './check-keys.ts';

const a = generateSecretKey('a-1');
const b = generateSecretKey('b-1');

describe('checkKeys', () => {
  it('is content with keys that verify themselves', () => {
    expect(() => checkKeys([a, b])).not.toThrow();
  });

  it('refuses to do without a key', () => {
    expect(() => checkKeys([])).toThrow(expect.objectContaining({ code: 'cache.no-key' }));
  });

  it('refuses two keys of one name, and names it', () => {
    expect(() => checkKeys([a, b, generateSecretKey('a-1')])).toThrow(
      expect.objectContaining({
        code: 'cache.duplicate-key',
        message: 'two signing keys of the cache are named a-1',
      }),
    );
  });

  it('refuses a key whose halves do not belong together', () => {
    const mixed = { ...a, publicKey: generateSecretKey('a-1').publicKey };
    expect(() => checkKeys([mixed])).toThrow(
      expect.objectContaining({ code: 'cache.key-invalid', message: expect.stringContaining('a-1') }),
    );
  });
});
