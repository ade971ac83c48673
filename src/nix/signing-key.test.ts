import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePublicKey, printPublicKey } from './public-key.ts';
import { generateSecretKey, parseSecretKey, printSecretKey } from './signing-key.ts';

// A throw-away key, and what Nix 2.34 signed with it.
const secret =
  'test-1:GSvIR4ch8UKQaZOKvQA0J8ThU5jHi5HBQvfIcyQ1DsuOglNhtzcRWidjLPKviiv4IKv4EYt7mVFFywMLztl57g==';
const publicText = 'test-1:joJTYbc3EVonYyzyr4or+CCr+BGLe5lRRcsDC87Zee4=';
const message =
  '1;/nix/store/5k2r78dr3fdr14rll13sm5dmjb5fpw3r-hello-t;' +
  'sha256:1wh2v7avbcin9ci7xj2k5ncdxnw0dg57ly83sb85y885fr8b93g0;168;' +
  '/nix/store/7dvd7jp9sa3lhwg6ls7dl2p8ifd3mv72-dep';
const signature =
  'test-1:zNpeTeSL6fsHT/9skRexl3xrTFWdP63iLKGkvsUCZxz1SPKlExtaNYOm1MhsAhzAzYhIUZjY34kgFAQLAbp5BQ==';

describe('parseSecretKey', () => {
  it('signs as Nix does', () => {
    expect(parseSecretKey(secret).sign(message)).toBe(signature);
  });

  it('knows its public key', () => {
    const key = parseSecretKey(secret);
    expect(key.name).toBe('test-1');
    expect(printPublicKey(key.publicKey)).toBe(publicText);
    expect(key.publicKey.verify(message, signature)).toBe(true);
  });

  it('ignores white space around the key', () => {
    expect(printSecretKey(parseSecretKey(` ${secret}\n`))).toBe(secret);
  });

  const base64 = secret.slice('test-1:'.length);
  const bytes = Buffer.from(base64, 'base64');
  it.each([
    ['', 'that has no colon'],
    [base64, 'that has no colon'],
    [`:${base64}`, 'that has no name'],
    [`a b:${base64}`, 'named "a b" that has a name with a colon, white space or control character'],
    [publicText, 'named "test-1" that has no base 64 of 64 bytes after its colon'],
    [`${secret}AAAA`, 'has no base 64 of 64 bytes'],
    [secret.slice(0, -2), 'has no base 64 of 64 bytes'],
    [
      `test-1:${Buffer.from(bytes.with(63, 0)).toString('base64')}`,
      'named "test-1" that has a public half that does not belong to its secret half',
    ],
  ])('refuses %s without quoting it', (text, reason) => {
    const refused = (() => {
      try {
        return parseSecretKey(text);
      } catch (error) {
        return error;
      }
    })();
    expect(refused).toMatchObject({
      code: 'nix.key-invalid',
      message: expect.stringContaining('wanted a secret key <name>:<base64>, got one'),
    });
    expect(String(refused)).toContain(reason);
    expect(String(refused)).not.toContain(base64.slice(0, 8));
  });
});

describe('a secret key', () => {
  it('is never shown', () => {
    const key = parseSecretKey(secret);
    const shown = [
      inspect(key, { depth: 9, showHidden: true }),
      JSON.stringify(key),
      Object.values(key).join(),
    ].join();
    const seed = Buffer.from(secret.slice('test-1:'.length), 'base64').subarray(0, 32);
    for (const form of [
      seed.toString('base64').slice(0, 8),
      seed.toString('hex').slice(0, 8),
      [...seed].slice(0, 4).join(),
    ]) {
      expect(shown).not.toContain(form);
    }
  });
});

describe('generateSecretKey', () => {
  it('makes a key that can be written and read', () => {
    const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(seed, fc.string(), (bytes, text) => {
        const key = generateSecretKey('k-1', bytes);
        const again = parseSecretKey(printSecretKey(key));
        expect(again.sign(text)).toBe(key.sign(text));
        expect(parsePublicKey(printPublicKey(key.publicKey)).verify(text, key.sign(text))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('is determined by the seed', () => {
    const seed = Buffer.from(secret.slice('test-1:'.length), 'base64').subarray(0, 32);
    expect(printSecretKey(generateSecretKey('test-1', seed))).toBe(secret);
  });

  it('keeps its own copy of the seed', () => {
    const seed = new Uint8Array(32).fill(7);
    const key = generateSecretKey('k', seed);
    const before = printSecretKey(key);
    seed.fill(0);
    expect(printSecretKey(key)).toBe(before);
  });

  it('makes another key each time', () => {
    expect(printSecretKey(generateSecretKey('k'))).not.toBe(printSecretKey(generateSecretKey('k')));
  });

  it('refuses a name or seed no key may have', () => {
    expect(() => generateSecretKey('')).toThrow('that has no name');
    expect(() => generateSecretKey('a:b')).toThrow('has a name with a colon');
    expect(() => generateSecretKey('k', new Uint8Array(31))).toThrow('has a seed of 31 bytes');
  });
});

describe('printSecretKey', () => {
  it('writes only keys that were made here', () => {
    const key = parseSecretKey(secret);
    expect(() => printSecretKey({ ...key })).toThrow('was not made by this module');
  });
});
