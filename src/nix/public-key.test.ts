import { describe, expect, it } from 'vitest';
import { parsePublicKey, printPublicKey } from './public-key.ts';
import { generateSecretKey, printSecretKey } from './signing-key.ts';

const secret = generateSecretKey('cache-1', new Uint8Array(32).fill(1));
const text = printPublicKey(secret.publicKey);
const key = parsePublicKey(text);
const signature = secret.sign('message');

describe('parsePublicKey', () => {
  it('reads what it writes', () => {
    expect(text).toMatch(/^cache-1:[A-Za-z0-9+/]{43}=$/);
    expect(key.name).toBe('cache-1');
    expect(key.bytes).toHaveLength(32);
    expect(printPublicKey(parsePublicKey(`\t${text}\n`))).toBe(text);
  });

  it.each([
    ['', 'wanted a public key <name>:<base64>, got "", which has no colon'],
    ['cache-1', 'got "cache-1", which has no colon'],
    [text.slice('cache-1'.length), 'which has no name'],
    [text.slice(0, -1), 'which has no base 64 of 32 bytes after its colon'],
    ['cache-1:AAAA', 'got "cache-1:AAAA", which has no base 64 of 32 bytes'],
  ])('refuses %j', (wrong, message) => {
    expect(() => parsePublicKey(wrong)).toThrow(message);
    expect(() => parsePublicKey(wrong)).toThrow(expect.objectContaining({ code: 'nix.key-invalid' }));
  });

  it('does not quote a secret key that was given by mistake', () => {
    expect(() => parsePublicKey(printSecretKey(secret))).toThrow(
      /^wanted a public key <name>:<base64>, got "cache-1", which has no base 64 of 32 bytes after its colon$/,
    );
  });
});

describe('verify', () => {
  it('accepts the right signature', () => {
    expect(key.verify('message', signature)).toBe(true);
  });

  it('refuses another message, name, key and damage', () => {
    const other = generateSecretKey('cache-1', new Uint8Array(32).fill(2));
    expect(key.verify('message!', signature)).toBe(false);
    expect(key.verify('message', signature.replace('cache-1', 'cache-2'))).toBe(false);
    expect(key.verify('message', other.sign('message'))).toBe(false);
    expect(
      key.verify(
        'message',
        signature.replace(/:./, (start) => (start === ':A' ? ':B' : ':A')),
      ),
    ).toBe(false);
  });

  it('refuses what is no signature, without failing', () => {
    for (const wrong of ['', 'cache-1', 'cache-1:', 'cache-1:AAAA', `${signature}=`, ` ${signature}`]) {
      expect(key.verify('message', wrong)).toBe(false);
    }
  });
});
