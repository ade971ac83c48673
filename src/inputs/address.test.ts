import { describe, expect, it } from 'vitest';
import { checkAddress, splitWords } from './address.ts';
import { bzrInput } from './bzr/index.ts';
import { darcsInput } from './darcs/index.ts';
import { hgInput } from './hg/index.ts';
import { parseHgValue } from './hg/schema.ts';
import { svnInput } from './svn/index.ts';
import { parseSvnValue, svnTarget } from './svn/schema.ts';
import { svnCheckoutInput } from './svn-checkout/index.ts';

describe('checkAddress', () => {
  it.each(['/srv/x', 'https://example.org:1/x@y', 'ssh://me@example.org/x', 'file:///srv/x'])(
    'takes %s',
    (text) => {
      expect(checkAddress(text, ['https', 'ssh', 'file'])).toBe(text);
    },
  );

  it.each([
    '-x',
    'relative',
    'ftp://example.org/x',
    'https://',
    'file://host/x',
    'ssh://-oProxyCommand=x/y',
    'ssh://-x@example.org/y',
    'https://example.org/\u0001',
    'host:path',
  ])('does not take %j', (text) => {
    expect(() => checkAddress(text, ['https', 'ssh', 'file'])).toThrow(
      /^wanted an absolute path or an address that begins with https:\/\/, ssh:\/\/, file:\/\/, got/,
    );
  });

  it('does not take a password, and does not repeat it', () => {
    expect(() => checkAddress('https://me:secret@example.org/', ['https'])).toThrow(
      /^(?!.*secret)wanted an address without a password/,
    );
    expect(hgInput.check('https://me:sec@ret@example.org/ x y')).toMatch(/^(?!.*(?:sec|ret@))wanted ADDRESS/);
    expect(hgInput.check('https://me:sec@ret@example.org/')).toMatch(
      /^(?!.*(?:sec|ret@))wanted an absolute path/,
    );
  });
});

describe('splitWords', () => {
  it('takes as many as there may be', () => {
    expect(splitWords(' a \n b ', 2, 'x')).toEqual(['a', 'b']);
    expect(() => splitWords('a b', 1, 'ONE')).toThrow('wanted ONE, got "a b"');
    expect(() => splitWords(' ', 1, 'ONE')).toThrow('wanted ONE, got nothing');
  });
});

describe('values of the older kinds', () => {
  it('have a revision where the kind knows one', () => {
    expect(parseHgValue('https://example.org/x')).toEqual({
      address: 'https://example.org/x',
      id: 'default',
    });
    expect(parseHgValue('/x stable-1.0').id).toBe('stable-1.0');
    expect(parseSvnValue('svn://example.org/x')).toEqual({
      address: 'svn://example.org/x',
      revision: undefined,
    });
    expect(parseSvnValue('/x 12').revision).toBe(12);
  });

  it.each([
    [hgInput, '/x -r1', 'wanted the name of a branch, tag or revision, got "-r1"'],
    [hgInput, '/x file("**")', 'wanted the name of a branch, tag or revision'],
    [hgInput, '/x a b', 'wanted ADDRESS [BRANCH|TAG|REVISION]'],
    [svnInput, '/x HEAD', 'wanted the number of a revision, got "HEAD"'],
    [svnCheckoutInput, '', 'wanted ADDRESS [REVISION], got nothing'],
    [bzrInput, '/x 1', 'wanted the ADDRESS of a branch'],
    [bzrInput, 'lp:x', 'bzr+ssh://'],
    [darcsInput, '/x y', 'wanted the ADDRESS of a repository'],
  ])('say what they want (%#)', (plugin, value, message) => {
    expect(plugin.check(value)).toContain(message);
    expect(plugin.check('/srv/x')).toBeUndefined();
  });

  it('say which program is missing', async () => {
    const env = { PATH: '/nowhere' };

    expect(await hgInput.unavailable?.({ env })).toBe('hg is not on PATH');
    expect(await svnInput.unavailable?.({ env })).toBe('svn is not on PATH');
    expect(await bzrInput.unavailable?.({ env })).toBe('bzr is not on PATH');
    expect(await darcsInput.unavailable?.({ env })).toBe('darcs is not on PATH');
  });
});

describe('svnTarget', () => {
  it('lets Subversion see no revision where none is meant', () => {
    expect(svnTarget('/srv/a b')).toBe('file:///srv/a%20b@');
    expect(svnTarget('https://example.org/a@b', 3)).toBe('https://example.org/a@b@3');
  });
});
