import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExtraUrl } from './parse-extra-url.ts';

const hash = '5k2r78dr3fdr14rll13sm5dmjb5fpw3r';
const hex = 'ab'.repeat(32);
const names = (path: string) => {
  const request = parseExtraUrl(path);
  return request?.kind === 'files' ? request.names.map((name) => name.toString('latin1')) : undefined;
};

describe('parseExtraUrl', () => {
  it.each(['!', '%21'])('knows realisations, with %s', (mark) => {
    expect(parseExtraUrl(`/realisations/sha256:${hex}${mark}out.doi`)).toEqual({
      kind: 'realisation',
      drvHash: `sha256:${hex}`,
      output: 'out',
    });
  });

  it('knows build traces, debug information and its own pages', () => {
    expect(parseExtraUrl(`/build-trace-v2/${hash}-hello.drv/dev.doi`)).toEqual({
      kind: 'build-trace',
      drvName: `${hash}-hello.drv`,
      output: 'dev',
    });
    const buildId = '0123456789abcdef0123456789abcdef01234567';
    expect(parseExtraUrl(`/debuginfo/${buildId}`)).toEqual({ kind: 'debug-info', buildId });
    expect(parseExtraUrl('/metrics')).toEqual({ kind: 'metrics' });
    expect(parseExtraUrl('/trust')).toEqual({ kind: 'trust' });
    expect(parseExtraUrl('/pubkey')).toEqual({ kind: 'public-keys' });
  });

  it.each([
    `/realisations/sha256:${hex.slice(1)}!out.doi`,
    `/realisations/sha256:${hex}!out/../../x.doi`,
    `/realisations/md5:${hex}!out.doi`,
    `/build-trace-v2/${hash}-hello/out.doi`,
    `/build-trace-v2/../${hash}-hello.drv/out.doi`,
    '/debuginfo/0123',
    '/debuginfo/%',
    '/trust/',
  ])('takes nothing else: %s', (url) => {
    expect(parseExtraUrl(url)).toBeUndefined();
  });

  it('takes the files of a path apart', () => {
    expect(parseExtraUrl(`/serve/${hash}`)).toMatchObject({ hashPart: hash, names: [], isFolder: false });
    expect(parseExtraUrl(`/serve/${hash}/`)).toMatchObject({ names: [], isFolder: true });
    expect(parseExtraUrl(`/serve/${hash}-hello-2.12/bin/`)).toMatchObject({ isFolder: true });
    expect(names(`/serve/${hash}/a%20b/%C3%BC/%ff`)).toEqual(['a b', '\u00c3\u00bc', '\u00ff']);
  });

  it.each([
    '/serve/',
    '/serve/etc/passwd',
    `/serve/${hash}/..`,
    `/serve/${hash}/../x`,
    `/serve/${hash}/%2e%2e/x`,
    `/serve/${hash}/.%2E/x`,
    `/serve/${hash}/./x`,
    `/serve/${hash}//x`,
    `/serve/${hash}/x//`,
    `/serve/${hash}/a%2fb`,
    `/serve/${hash}/a%00`,
    `/serve/${hash}/a%0`,
    `/serve/${hash}-../x%`,
    `/serve/${hash}x/a`,
  ])('lets no file name lead anywhere: %s', (url) => {
    expect(parseExtraUrl(url)).toBeUndefined();
  });

  it('gives only plain names, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('.', '..', '/', '%2e', '%2F', '%5c', 'a', '%', '00', 'é'), {
          maxLength: 12,
        }),
        (parts) => {
          for (const name of names(`/serve/${hash}/${parts.join('')}`) ?? []) {
            expect(name).not.toMatch(/^\.{0,2}$|[/\0]/);
          }
        },
      ),
    );
  });
});
