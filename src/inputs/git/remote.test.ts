import { describe, expect, it } from 'vitest';
import { parseRemote, resolveSubmodule } from './remote.ts';

describe('parseRemote', () => {
  it.each([
    ['https://example.org/a/b.git', 'http'],
    ['http://example.org:8080/a', 'http'],
    ['ssh://git@example.org:22/a', 'ssh'],
    ['git+ssh://git@example.org/a', 'ssh'],
    ['git@example.org:a/b.git', 'ssh'],
    ['example.org:a', 'ssh'],
    ['git@[2001:db8::1]:a', 'ssh'],
    ['git://example.org/a', 'git'],
    ['file:///srv/a', 'local'],
    ['/srv/a-b', 'local'],
    ['https://example.org/~user/%41//x', 'http'],
  ])('takes %s as it is', (text, kind) => {
    expect(parseRemote(text)).toMatchObject({ address: text, kind, password: undefined });
  });

  it('takes user and password out of an address over HTTP', () => {
    expect(parseRemote('https://me%40x:p%3Aw@example.org:1/a.git')).toEqual({
      address: 'https://example.org:1/a.git',
      kind: 'http',
      user: 'me@x',
      password: 'p:w',
    });
    expect(parseRemote('https://token@example.org/a').address).toBe('https://example.org/a');
  });

  it('leaves the user of ssh, without a password', () => {
    expect(parseRemote('ssh://git:secret@example.org/a').address).toBe('ssh://git@example.org/a');
  });

  it.each([
    ['-oProxyCommand=x', 'taken for an option'],
    ['--upload-pack=x', 'taken for an option'],
    ['ext::sh -c evil', 'a space'],
    ['ext::sh%20-c%20evil', 'remote helpers'],
    ['fd::17', 'remote helpers'],
    ['::x', 'remote helpers'],
    ['transport+x::https://example.org/a', 'remote helpers'],
    ['ftp://example.org/a', 'ftp:// is none of'],
    ['rsync://example.org/a', 'rsync:// is none of'],
    ['ssh://-oProxyCommand=x/a', 'taken for an option'],
    ['ssh://-ox@example.org/a', 'taken for an option'],
    ['-x:a', 'taken for an option'],
    ['git@-x:a', 'taken for an option'],
    ['https:///a', 'names no host'],
    ['https://good\\@evil.example.org/a', 'no URL'],
    ['https://a:p@ss@example.org/', 'no URL'],
    ['file://host/a', 'three slashes'],
    ['relative/path', 'neither a URL'],
    ['../up', 'neither a URL'],
    ['host:', 'neither a URL'],
    ['https://example.org/a\u0000b', 'control character'],
    ['https://example.org/a\nb', 'control character'],
    ['https://a%0ab:c@example.org/', 'control character'],
  ])('refuses %j', (text, why) => {
    expect(() => parseRemote(text)).toThrow(
      expect.objectContaining({ code: 'input.invalid', message: expect.stringMatching(why) }),
    );
  });

  it('does not quote what may hold a password', () => {
    expect(() => parseRemote('ftp://me:secret@example.org/a')).toThrow(/^(?!.*secret)/);
  });
});

describe('resolveSubmodule', () => {
  it.each([
    ['https://example.org/a/b.git', '../c.git', 'https://example.org/a/c.git'],
    ['https://example.org/a/b.git', '../../c', 'https://example.org/c'],
    ['https://u:p@example.org/a/b/', '../c', 'https://u:p@example.org/a/c'],
    ['git@example.org:a/b', '../c', 'git@example.org:a/c'],
    ['git@example.org:b', '../c', 'git@example.org:c'],
    ['/srv/a', './sub', '/srv/a/sub'],
    ['/srv/a', '../b', '/srv/b'],
    ['/srv/a', 'https://example.org/b', 'https://example.org/b'],
  ])('of %s takes %s for %s', (superproject, text, address) => {
    expect(resolveSubmodule(superproject, text)).toBe(address);
  });
});
