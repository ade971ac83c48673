import { describe, expect, it } from 'vitest';
import { checkSubstituters, sameCache } from './check-substituters.ts';
import type { NixSettings } from './nix-settings.ts';

const url = 'https://cache.example.org';

function settings(substituters: readonly string[], trusted: readonly string[] = []): NixSettings {
  return {
    substituters: [...substituters],
    'trusted-substituters': [...trusted],
    'trusted-public-keys': [],
    'trusted-users': ['root'],
    'require-sigs': true,
    'narinfo-cache-negative-ttl': 3600,
    'narinfo-cache-positive-ttl': 2_592_000,
    'ssl-cert-file': '',
    'netrc-file': '',
  };
}
const untrusted = { process: undefined, trusted: false, changedSince: undefined };

describe('checkSubstituters', () => {
  it.each([
    ['asked', settings([url]), undefined, 'ok', /name https/],
    ['not asked', settings([]), undefined, 'problem', /never asks it/],
    ['not asked by the daemon', settings([]), untrusted, 'problem', /of the daemon do not name/],
    ['allowed by the daemon', settings([], [`${url}/`]), untrusted, 'warning', /only allows you/],
  ])('finds a cache that is %s', (_what, effective, daemon, status, detail) => {
    const client = settings([]);
    expect(checkSubstituters(url, { client, effective, daemon })).toMatchObject([
      { status, detail: expect.stringMatching(detail) },
    ]);
  });

  it.each([
    ['takes', [url], 'ok'],
    ['ignores', [], 'problem'],
  ])('knows when a daemon %s what an untrusted user names', (_what, allowed, status) => {
    const client = settings([url]);
    const effective = settings([], allowed);
    expect(checkSubstituters(url, { client, effective, daemon: untrusted })).toMatchObject([{ status }]);
  });
});

describe('sameCache', () => {
  it('looks neither at parameters nor at a slash at the end', () => {
    expect(sameCache(`${url}/?priority=3&trusted=1`, url)).toBe(true);
    expect(sameCache('https://CACHE.example.org:443', url)).toBe(true);
    expect(sameCache(`${url}/c/other`, url)).toBe(false);
    expect(sameCache('http://cache.example.org', url)).toBe(false);
    expect(sameCache('daemon', url)).toBe(false);
  });
});
