import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCacheUrl } from './parse-cache-url.ts';

const hash = '5k2r78dr3fdr14rll13sm5dmjb5fpw3r';
const narHash = '1wh2v7avbcin9ci7xj2k5ncdxnw0dg57ly83sb85y885fr8b93g0';

describe('parseCacheUrl', () => {
  it('knows the endpoints of a binary cache', () => {
    expect(parseCacheUrl('/nix-cache-info')).toEqual({ kind: 'cache-info' });
    expect(parseCacheUrl('/healthz')).toEqual({ kind: 'health' });
    expect(parseCacheUrl(`/${hash}.narinfo`)).toEqual({ kind: 'narinfo', hashPart: hash });
    expect(parseCacheUrl(`/${hash}.narinfo?x=1`)).toEqual({ kind: 'narinfo', hashPart: hash });
    expect(parseCacheUrl(`/${hash}.ls`)).toEqual({ kind: 'listing', hashPart: hash });
    expect(parseCacheUrl(`/log/${hash}-hello-2.12.drv`)).toEqual({
      kind: 'log',
      name: `${hash}-hello-2.12.drv`,
    });
  });

  it('knows the NAR URLs of all live-store servers', () => {
    expect(parseCacheUrl(`/nar/${hash}-${narHash}.nar`)).toEqual({ kind: 'nar', hashPart: hash, narHash });
    expect(parseCacheUrl(`/nar/${hash}.nar`)).toEqual({ kind: 'nar', hashPart: hash, narHash: undefined });
    expect(parseCacheUrl(`/nar/${narHash}.nar?hash=${hash}`)).toEqual({
      kind: 'nar',
      hashPart: hash,
      narHash,
    });
    expect(parseCacheUrl(`/nar/${narHash}.nar?a=b&hash=${hash}&c`)).toEqual({
      kind: 'nar',
      hashPart: hash,
      narHash,
    });
  });

  it.each(['', '.zst', '.xz', '.bz2', '.br', '.lz4'])(
    'knows files with NARs by their ending %j',
    (ending) => {
      expect(parseCacheUrl(`/nar/${narHash}.nar${ending}`)).toEqual({
        kind: 'nar-file',
        fileHash: narHash,
        name: `${narHash}.nar${ending}`,
      });
    },
  );

  it('decodes the name of a log, as `?` may be in it', () => {
    expect(parseCacheUrl(`/log/${hash}-a%3Fb.drv`)).toEqual({ kind: 'log', name: `${hash}-a?b.drv` });
  });

  it.each([
    '',
    '/',
    '*',
    'http://elsewhere/nix-cache-info',
    `//${hash}.narinfo`,
    `/${hash}.narinfo/`,
    `/${hash.slice(1)}.narinfo`,
    `/${hash.replace('5', 'e')}.narinfo`,
    `/${hash.toUpperCase()}.narinfo`,
    `/nar/${narHash}.nar?hash=${hash}x`,
    `/nar/${narHash}.nar.zst?x`,
    `/nar/${narHash}.nar.gz`,
    `/nar/${narHash}.nar.zst/`,
    `/nar/${narHash}.nar?hash=..%2f`,
    `/nar/${hash}-${narHash}.nar.xz`,
    `/nar/../${hash}.nar`,
    `/log/${hash}-x`,
    `/log/${hash}-x/../y.drv`,
    `/log/${hash}-%2e%2e%2fy.drv`,
    `/log/${hash}-%zz.drv`,
    `/log/${hash}-x%00.drv`,
  ])('has nothing for %j', (url) => {
    expect(parseCacheUrl(url)).toBeUndefined();
  });

  it('names nothing but hashes and a derivation', () => {
    const piece = fc.constantFrom(
      '/',
      '..',
      '%2f',
      'nar',
      'log',
      hash,
      narHash,
      '-',
      '.nar',
      '.drv',
      '.ls',
      '?hash=',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => {
        const request = parseCacheUrl(`/${pieces.join('')}`);
        for (const value of Object.values(request ?? {})) expect(value ?? '').not.toMatch(/[/%]|^\.\.?$/);
      }),
    );
  });
});
