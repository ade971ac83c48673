import { describe, expect, it } from 'vitest';
import { narName, parseNarName, parseUploadUrl } from './parse-upload-url.ts';

const h32 = '4h6jk2mz7q9p0r1s3v5w8x0y2a4b6c8d';
const h52 = `${h32}0123456789abcdfghijk`;
const hex = 'ab'.repeat(32);
const realisation = { kind: 'realisation', drvHash: `sha256:${hex}`, output: 'out' };

describe('parseUploadUrl', () => {
  it.each([
    ['/nix-cache-info', { kind: 'cache-info' }],
    [`/${h32}.narinfo`, { kind: 'narinfo', hashPart: h32 }],
    [`/nar/${h52}.nar`, { kind: 'nar', fileHash: h52, compression: 'none' }],
    [`/nar/${h52}.nar.xz`, { kind: 'nar', fileHash: h52, compression: 'xz' }],
    [`/nar/${h52}.nar.zst`, { kind: 'nar', fileHash: h52, compression: 'zstd' }],
    [`/nar/${h52}.nar.bz2`, { kind: 'nar', fileHash: h52, compression: 'bzip2' }],
    [`/${h32}.ls`, { kind: 'listing' }],
    [`/log/${h32}-hello.drv`, { kind: 'log', name: `${h32}-hello.drv` }],
    [`/realisations/sha256:${hex}!out.doi`, realisation],
    [`/realisations/sha256%3A${hex}%21out.doi`, realisation],
    [
      `/build-trace-v2/${h32}-hello.drv/out.doi`,
      { kind: 'build-trace', drvName: `${h32}-hello.drv`, output: 'out' },
    ],
    [`/debuginfo/${'0a'.repeat(20)}`, { kind: 'debug-info', buildId: '0a'.repeat(20) }],
  ])('reads %s', (url, request) => {
    expect(parseUploadUrl(url)).toEqual(request);
  });

  it.each([
    '/',
    '',
    '/nix-cache-info/',
    `/${h32}.narinfo/x`,
    `/${h32.toUpperCase()}.narinfo`,
    `/x/../${h32}.narinfo`,
    `/%2e%2e/${h32}.narinfo`,
    `/nar/../${h52}.nar`,
    `/nar/${h52}.nar.lzip`,
    `/nar/${h52}.nar.zst.zst`,
    `/nar/${h52}.nar/../../x`,
    `/nar/${h52}.nar%2f..`,
    `/nar/${h32}.nar`,
    `/nar/${h52}.nar\0`,
    `/log/../${h32}-x.drv`,
    `/log/${h32}-a%2fb.drv`,
    `/log/${h32}-%zz.drv`,
    `/realisations/sha256:${hex}!../x.doi`,
    '/debuginfo/../../etc/passwd',
    '/c/other/nix-cache-info',
    '/metrics',
    '/trust',
    `/serve/${h32}/`,
    '/healthz',
  ])('finds nothing in %s', (url) => {
    expect(parseUploadUrl(url)).toBeUndefined();
  });
});

describe('parseNarName', () => {
  it.each([
    `http://elsewhere.example/nar/${h52}.nar`,
    `/nar/${h52}.nar`,
    `../nar/${h52}.nar`,
    `nar/../nar/${h52}.nar`,
    `nar/${h52}.nar?hash=x`,
  ])('takes no other place: %s', (url) => {
    expect(parseNarName(url)).toBeUndefined();
  });

  it.each(['none', 'zstd', 'xz', 'bzip2', 'br', 'lz4'])('reads the name of a %s file', (compression) => {
    expect(parseNarName(narName(h52, compression))).toEqual({ kind: 'nar', fileHash: h52, compression });
  });
});
