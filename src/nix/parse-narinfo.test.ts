import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatHash } from './hash.ts';
import { parseNarInfo } from './parse-narinfo.ts';
import { printNarInfo } from './print-narinfo.ts';
import { storePathFromBaseName } from './store-path.ts';

const dep = '7dvd7jp9sa3lhwg6ls7dl2p8ifd3mv72-dep';
const self = '5k2r78dr3fdr14rll13sm5dmjb5fpw3r-hello-t';
const narHash = 'sha256:1wh2v7avbcin9ci7xj2k5ncdxnw0dg57ly83sb85y885fr8b93g0';
const sig = 'test-1:zNpeTeSL6fsHT/9skRexl3xrTFWdP63iLKGkvsUCZxz1SPKlExtaNYOm1MhsAhzAzYhIUZjY34kgFAQLAbp5BQ==';
const deriver = 'zlgwnfxvbazqglsxvwjvmphxnmabxnql-hello-t.drv';

const minimal: Record<string, string> = {
  StorePath: `/nix/store/${self}`,
  URL: 'nar/x.nar',
  NarHash: narHash,
  NarSize: '168',
};

/** A narinfo with some fields replaced, added, or (undefined) left out. */
function text(fields: Record<string, string | undefined> = {}): string {
  return Object.entries({ ...minimal, ...fields })
    .map(([name, value]) => (value === undefined ? '' : `${name}: ${value}\n`))
    .join('');
}

describe('parseNarInfo', () => {
  it('reads every field', () => {
    const info = parseNarInfo(
      text({
        Compression: 'zstd',
        FileHash: 'sha256:00mbh8j3h8265iw60x7521i1mnif36axxgsnsjbghgfq4px2hhz1',
        FileSize: '120',
        References: `${self} ${dep}`,
        Deriver: deriver,
        System: 'x86_64-linux',
        Sig: sig,
        CA: 'fixed:r:sha256:00mbh8j3h8265iw60x7521i1mnif36axxgsnsjbghgfq4px2hhz1',
      }),
      'x.narinfo',
    );
    expect(info).toMatchObject({
      storePath: `/nix/store/${self}`,
      url: 'nar/x.nar',
      compression: 'zstd',
      fileSize: 120,
      narSize: 168,
      references: [`/nix/store/${self}`, `/nix/store/${dep}`],
      deriver: `/nix/store/${deriver}`,
      system: 'x86_64-linux',
      signatures: [sig],
      contentAddress: 'fixed:r:sha256:00mbh8j3h8265iw60x7521i1mnif36axxgsnsjbghgfq4px2hhz1',
    });
    expect(formatHash(info.narHash, 'nix32')).toBe(narHash);
    expect(info.fileHash && formatHash(info.fileHash, 'base16')).toMatch(/^sha256:e14328fa/);
  });

  it('reads the least there may be', () => {
    expect(parseNarInfo(text(), 'x.narinfo')).toMatchObject({
      compression: 'bzip2',
      references: [],
      signatures: [],
      fileHash: undefined,
      fileSize: undefined,
      deriver: undefined,
      system: undefined,
      contentAddress: undefined,
    });
  });

  it('takes an empty compression to be bzip2', () => {
    expect(parseNarInfo(text({ Compression: '' }), 'x').compression).toBe('bzip2');
  });

  it('reads empty references, and sorts others', () => {
    expect(parseNarInfo(text({ References: '' }), 'x').references).toEqual([]);
    expect(parseNarInfo(text({ References: `${dep} ${self}  ${dep}` }), 'x').references).toEqual([
      `/nix/store/${self}`,
      `/nix/store/${dep}`,
    ]);
  });

  it('reads hashes in any spelling', () => {
    const { narHash: sri } = parseNarInfo(
      text({ NarHash: 'sha256-4UMo+iXYPfiW1Fa/3pUZLtoaYhDldGB4LEYgOCSCqwI=' }),
      'x',
    );
    expect(formatHash(sri, 'base16')).toMatch(/^sha256:e14328fa/);
  });

  it('knows no deriver by the name unknown-deriver', () => {
    expect(parseNarInfo(text({ Deriver: 'unknown-deriver' }), 'x').deriver).toBeUndefined();
  });

  it('skips names it does not know, even twice', () => {
    expect(parseNarInfo(`${text()}X-Foo: 1\nX-Foo: : 2\nBar: \n`, 'x').url).toBe('nar/x.nar');
  });

  it('keeps every signature in its order', () => {
    const other = sig.replace('test-1', 'test-2');
    expect(parseNarInfo(`${text()}Sig: ${other}\nSig: ${sig}\n`, 'x').signatures).toEqual([other, sig]);
  });

  it('keeps the URL as it is', () => {
    for (const url of ['nar/a.nar?hash=b', 'https://cache.example/x y', '../../etc/passwd', 'a: b']) {
      expect(parseNarInfo(text({ URL: url }), 'x').url).toBe(url);
    }
  });

  it.each<[string, string, string | RegExp]>([
    ['nothing', '', 'x.narinfo: it has no StorePath'],
    ['a cut last line', text().slice(0, -1), 'line 4: it does not end in a newline'],
    ['an empty line', `\n${text()}`, 'line 1: wanted "Name: value", got ""'],
    ['CRLF', text().replaceAll('\n', '\r\n'), /line 1: wanted "Name: value", got ".*\\r"/],
    ['a byte order mark', `\ufeff${text()}`, 'line 1: wanted "Name: value"'],
    ['no space after the colon', `References:\n${text()}`, 'line 1: wanted "Name: value", got "References:"'],
    ['HTML', '<html>\n', 'line 1: wanted "Name: value", got "<html>"'],
    ['NUL', text({ URL: 'a\0' }), 'line 2: wanted "Name: value"'],
    ['no StorePath', text({ StorePath: undefined }), 'x.narinfo: it has no StorePath'],
    ['no URL', text({ URL: undefined }), 'it has no URL'],
    ['no NarHash', text({ NarHash: undefined }), 'it has no NarHash'],
    ['no NarSize', text({ NarSize: undefined }), 'it has no NarSize'],
    ['a path twice', `${text()}StorePath: ${minimal.StorePath}\n`, 'line 5: StorePath is there twice'],
    ['references twice', `References: \nReferences: \n${text()}`, 'line 2: References is there twice'],
    ['CA twice', `CA: a\nCA: a\n${text()}`, 'line 2: CA is there twice'],
    ['a wrong path', text({ StorePath: '/tmp/x' }), 'x.narinfo, field StorePath: wanted a store path'],
    ['an empty URL', text({ URL: '' }), 'field URL: it is empty'],
    ['a wrong hash', text({ NarHash: 'sha256:x' }), 'field NarHash: wanted a hash, got "sha256:x"'],
    ['a bare hash', text({ NarHash: narHash.slice(7) }), 'field NarHash: wanted a hash'],
    [
      'another algorithm',
      text({ NarHash: `sha1:${'0'.repeat(40)}` }),
      'field NarHash: wanted sha256, got sha1',
    ],
    ['a wrong file hash', text({ FileHash: 'x' }), 'field FileHash: wanted a hash'],
    ['no NAR at all', text({ NarSize: '0' }), 'field NarSize: no NAR has 0 bytes'],
    ['a negative size', text({ NarSize: '-1' }), 'field NarSize: wanted a number of bytes, got "-1"'],
    ['a size in words', text({ FileSize: '1e3' }), 'field FileSize: wanted a number of bytes, got "1e3"'],
    ['a size past 2^53', text({ FileSize: '9007199254740993' }), 'field FileSize: wanted a number of bytes'],
    [
      'a full path as reference',
      text({ References: `/nix/store/${dep}` }),
      'field References: wanted a store path',
    ],
    ['an empty deriver', text({ Deriver: '' }), 'field Deriver: wanted a store path'],
    ['a signature without a colon', text({ Sig: 'abc' }), 'line 5: the signature "abc" has no colon'],
    ['a signature without a name', text({ Sig: sig.slice(6) }), /the signature ":.*" has no name/],
    ['a short signature', text({ Sig: 'k:AAAA' }), 'the signature "k:AAAA" has no base 64 of 64 bytes'],
    ['a signature with a space', text({ Sig: `${sig} ` }), 'has no base 64 of 64 bytes after its colon'],
  ])('refuses %s', (_what, wrong, message) => {
    expect(() => parseNarInfo(wrong, 'x.narinfo')).toThrow(message);
    expect(() => parseNarInfo(wrong, 'x.narinfo')).toThrow(
      expect.objectContaining({ code: 'nix.narinfo-invalid' }),
    );
  });

  it('reads whatever is written', () => {
    const digits = fc.string({
      unit: fc.constantFrom(...'0123456789abcdfghijk'.split('')),
      minLength: 32,
      maxLength: 32,
    });
    const path = digits.map((hash) => storePathFromBaseName(`${hash}-name`));
    const hash = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => ({ algorithm: 'sha256' as const, bytes }));
    const word = fc.string({ unit: fc.constantFrom(...'abz09-_.:'.split('')), minLength: 1 });
    const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
    const info = fc.record({
      storePath: path,
      url: word,
      compression: word,
      fileHash: maybe(hash),
      fileSize: maybe(fc.maxSafeNat()),
      narHash: hash,
      narSize: fc.maxSafeNat().map((size) => Math.max(size, 1)),
      references: fc.uniqueArray(path).map((paths) => paths.sort()),
      deriver: maybe(path),
      system: maybe(word),
      signatures: fc.array(fc.constantFrom(sig, sig.replace('test', 'key'))),
      contentAddress: maybe(word),
    });
    fc.assert(
      fc.property(info, (each) => {
        expect(parseNarInfo(printNarInfo(each), 'x')).toEqual(each);
      }),
    );
  });
});
