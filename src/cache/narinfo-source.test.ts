import { describe, expect, it } from 'vitest';
import { fingerprint } from '../nix/fingerprint.ts';
import { parseHash } from '../nix/hash.ts';
import { generateSecretKey, parseSecretKey } from '../nix/signing-key.ts';
import { parseStorePath } from '../nix/store-path.ts';
import type { PathInfo } from '../store/store.ts';
import { renderNarInfo, signedNarInfo } from './narinfo-source.ts';

// Test vector of the cache reference, §1.5: a throw-away key, and what Nix itself signed with it.
const key = parseSecretKey(
  'test-1:GSvIR4ch8UKQaZOKvQA0J8ThU5jHi5HBQvfIcyQ1DsuOglNhtzcRWidjLPKviiv4IKv4EYt7mVFFywMLztl57g==',
);
const ours =
  'test-1:zNpeTeSL6fsHT/9skRexl3xrTFWdP63iLKGkvsUCZxz1SPKlExtaNYOm1MhsAhzAzYhIUZjY34kgFAQLAbp5BQ==';
const narHash = '1wh2v7avbcin9ci7xj2k5ncdxnw0dg57ly83sb85y885fr8b93g0';
const info: PathInfo = {
  path: parseStorePath('/nix/store/5k2r78dr3fdr14rll13sm5dmjb5fpw3r-hello-t'),
  deriver: parseStorePath('/nix/store/zlgwnfxvbazqglsxvwjvmphxnmabxnql-hello-t.drv'),
  narHash: Buffer.from(parseHash(`sha256:${narHash}`).bytes).toString('hex'),
  narSize: 168,
  references: [parseStorePath('/nix/store/7dvd7jp9sa3lhwg6ls7dl2p8ifd3mv72-dep')],
  registrationTime: 0,
  ultimate: false,
  signatures: [],
  contentAddress: '',
};
const other = generateSecretKey('cache.example.org-1', Buffer.alloc(32, 7));
const theirs = other.sign('whatever');

describe('renderNarInfo', () => {
  it('writes what Nix writes, with the signature Nix makes', () => {
    expect(renderNarInfo(info, [key])?.body.toString()).toBe(
      [
        'StorePath: /nix/store/5k2r78dr3fdr14rll13sm5dmjb5fpw3r-hello-t',
        `URL: nar/5k2r78dr3fdr14rll13sm5dmjb5fpw3r-${narHash}.nar`,
        'Compression: none',
        `FileHash: sha256:${narHash}`,
        'FileSize: 168',
        `NarHash: sha256:${narHash}`,
        'NarSize: 168',
        'References: 7dvd7jp9sa3lhwg6ls7dl2p8ifd3mv72-dep',
        'Deriver: zlgwnfxvbazqglsxvwjvmphxnmabxnql-hello-t.drv',
        `Sig: ${ours}`,
        '',
      ].join('\n'),
    );
  });

  it('keeps the space after an empty list of references, without which Nix misreads the next line', () => {
    const body = renderNarInfo({ ...info, references: [] }, [key])?.body.toString();
    expect(body).toContain('\nReferences: \nDeriver: ');
  });

  it('signs content-addressed paths too, and says their content address', () => {
    const contentAddress = `fixed:r:sha256:${narHash}`;
    const body = renderNarInfo({ ...info, contentAddress }, [key])?.body.toString();
    expect(body).toContain(`Sig: ${ours}\nCA: ${contentAddress}\n`);
  });

  it('changes its entity tag with its content', () => {
    const tags = [
      renderNarInfo(info, [key])?.etag,
      renderNarInfo(info, [other])?.etag,
      renderNarInfo({ ...info, signatures: [theirs] }, [key])?.etag,
    ];
    expect(new Set(tags).size).toBe(3);
    for (const tag of tags) expect(tag).toMatch(/^"[\w-]{27}"$/);
  });

  it('has nothing for a row without hash or size', () => {
    expect(renderNarInfo({ ...info, narHash: '' }, [key])).toBeUndefined();
    expect(renderNarInfo({ ...info, narSize: 0 }, [key])).toBeUndefined();
  });
});

describe('signedNarInfo', () => {
  it('adds ours to the signatures that the path came with', () => {
    expect(signedNarInfo({ ...info, signatures: [theirs] }, [key]).signatures).toEqual([theirs, ours]);
  });

  it('replaces a signature that bears the name of one of our keys', () => {
    const stale = `test-1:${theirs.split(':')[1]}`;
    expect(signedNarInfo({ ...info, signatures: [stale, ours] }, [key]).signatures).toEqual([ours]);
  });

  it('leaves out malformed signatures, which would spoil the whole narinfo for a client', () => {
    const signatures = ['', 'nonsense', 'k:', 'k:dG9vIHNob3J0', `${theirs}\nStorePath: /evil`, ` ${theirs}`];
    expect(signedNarInfo({ ...info, signatures }, [key]).signatures).toEqual([ours]);
  });

  it('signs with every key', () => {
    const { signatures } = signedNarInfo(info, [key, other]);
    const message = fingerprint({
      path: info.path,
      narHash: parseHash(`sha256:${narHash}`),
      narSize: info.narSize,
      references: info.references,
    });
    expect(signatures).toHaveLength(2);
    expect(other.publicKey.verify(message, signatures[1]!)).toBe(true);
  });
});
