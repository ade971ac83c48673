import { describe, expect, it } from 'vitest';
import { pathInput } from './index.ts';
import { parsePathValue } from './schema.ts';
import { storeName } from './store-name.ts';

describe('parsePathValue', () => {
  it('takes a path or a URL, and how long it holds', () => {
    expect(parsePathValue('/srv/x')).toEqual({ from: { path: '/srv/x' }, validSeconds: 0 });
    expect(parsePathValue(' /srv/x  60 ')).toEqual({ from: { path: '/srv/x' }, validSeconds: 60 });
    expect(parsePathValue('https://example.org/x.tar.gz')).toEqual({
      from: { url: 'https://example.org/x.tar.gz' },
      validSeconds: 0,
    });
  });

  it.each([
    '',
    'relative',
    './x',
    '~/x',
    '/a b',
    '/a 1 2',
    '-x',
    'file:///a',
    's3://b/x',
    'http://',
    '/a\u0001',
  ])('does not take %j', (value) => {
    expect(pathInput.check(value)).toMatch(/^wanted an absolute path or an http:\/\/.* got /);
  });

  it('does not take a password, and does not repeat it', () => {
    expect(pathInput.check('https://me:secret@example.org/x')).toMatch(
      /^(?!.*secret).*without a user and password/,
    );
  });
});

describe('storeName', () => {
  it.each([
    ['/srv/source', 'source'],
    ['/srv/nixos-config/', 'nixos-config'],
    ['/srv/my@repo:x', 'my-repo-x'],
    ['/srv/.hidden', 'hidden'],
    ['/', 'source'],
    ['/srv/..', 'source'],
    ['/srv/é', '-'],
    ['https://example.org/a/b.tar.gz?x=/y#z', 'b.tar.gz'],
    ['https://example.org', 'example.org'],
    [`/srv/${'x'.repeat(300)}`, 'x'.repeat(200)],
  ])('of %s is %s', (path, name) => {
    expect(storeName(path)).toBe(name);
  });
});
