import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../../nix/fingerprint.ts';
import { parseHash } from '../../../nix/hash.ts';
import { printNarInfo } from '../../../nix/print-narinfo.ts';
import { printPublicKey } from '../../../nix/public-key.ts';
import { generateSecretKey } from '../../../nix/signing-key.ts';
import { parseStorePath } from '../../../nix/store-path.ts';
import { checkCachedPath } from './check-cached-path.ts';
import { readTrustedKeys } from './check-trusted-keys.ts';

const path = parseStorePath('/nix/store/5k2r78dr3fdr14rll13sm5dmjb5fpw3r-hello');
const narHash = parseHash(`sha256:${'1'.repeat(52)}`);
const info = {
  storePath: path,
  url: 'nar/x.nar',
  compression: 'none',
  narHash,
  narSize: 120,
  references: [path],
  signatures: [] as readonly string[],
};
const key = generateSecretKey('a-1');
const signature = key.sign(fingerprint({ path, narHash, narSize: 120, references: [path] }));
const trusted = readTrustedKeys({
  'trusted-public-keys': [printPublicKey(key.publicKey)],
  'require-sigs': true,
});

const check = (change: Partial<typeof info> & { readonly contentAddress?: string }, status = 200) =>
  checkCachedPath(
    'http://cache',
    path,
    trusted,
    async () => ({ status, body: printNarInfo({ ...info, ...change }), date: undefined }),
    'add:',
  );

describe('checkCachedPath', () => {
  it.each([
    [
      'a trusted signature',
      { signatures: [generateSecretKey('b-1').sign('x'), signature] },
      'ok',
      /signed by a-1/,
    ],
    ['no signature', {}, 'problem', /without any signature/],
    ['a content address', { contentAddress: 'fixed:r:sha256:x' }, 'ok', /needs no signature/],
    [
      'a strange signature',
      { signatures: [generateSecretKey('b-1').sign('x')] },
      'problem',
      /none of which is trusted/,
    ],
    [
      'another key of a trusted name',
      { signatures: [generateSecretKey('a-1').sign('x')] },
      'problem',
      /not with the key/,
    ],
    [
      'a signature of something else',
      { signatures: [signature], narSize: 121 },
      'problem',
      /not with the key/,
    ],
  ])('judges a path with %s as Nix does', async (_what, change, status, detail) => {
    expect((await check(change)).check).toMatchObject({ status, detail: expect.stringMatching(detail) });
  });

  it.each([
    [404, /is not in the cache/],
    [503, /gives the whole build up/],
    [401, /HTTP status 401/],
  ])('tells of HTTP status %i', async (status, detail) => {
    expect(await check({}, status)).toMatchObject({
      check: { status: 'problem', detail: expect.stringMatching(detail) },
      info: undefined,
    });
  });

  it('finds a narinfo of another path, and one that is none', async () => {
    const other = parseStorePath('/nix/store/5k2r78dr3fdr14rll13sm5dmjb5fpw3r-other');
    expect((await check({ storePath: other, references: [] })).check.detail).toContain('is of another path');
    const broken = async () => ({ status: 200, body: '<html>', date: undefined });
    expect((await checkCachedPath('http://cache', path, trusted, broken, '')).check.status).toBe('problem');
  });
});
