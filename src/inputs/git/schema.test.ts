import { describe, expect, it } from 'vitest';
import { gitInput } from './index.ts';
import { gitIdentity, isRevision, parseGitValue } from './schema.ts';

const rev = '0123456789abcdef0123456789abcdef01234567';

describe('parseGitValue', () => {
  it('takes an address alone', () => {
    expect(parseGitValue(' https://example.org/a ')).toMatchObject({
      uri: 'https://example.org/a',
      ref: undefined,
      deepClone: false,
      options: {},
    });
  });

  it.each(['main', 'feature/a=b', 'v1.0', 'refs/pull/1/head', rev, 'HEAD'])(
    'takes %s for what to fetch',
    (ref) => {
      expect(parseGitValue(`https://example.org/a ${ref}`).ref).toBe(ref);
    },
  );

  it('takes any further word for a deep clone, as Hydra does', () => {
    expect(parseGitValue('/a main deepClone').deepClone).toBe(true);
    expect(parseGitValue('/a main 1 timeout=5')).toMatchObject({ deepClone: true, options: { timeout: 5 } });
  });

  it('takes options, with or without a branch before them', () => {
    const options = { timeout: 30, fallback_branch: 'main', sshKey: '/k', submodules: 'recursive' };
    const words = 'timeout=30 fallback_branch=main sshKey=/k submodules=recursive';

    expect(parseGitValue(`/a ${words}`)).toMatchObject({ ref: undefined, options });
    expect(parseGitValue(`/a b ${words}`)).toMatchObject({ ref: 'b', options });
  });

  it.each([
    ['', 'wanted ADDRESS [BRANCH|TAG|REVISION] [deepClone] [KEY=VALUE…], got nothing'],
    ['/a --upload-pack=x', 'wanted the name of a branch or tag, or 40 hex digits, got "--upload-pack=x"'],
    ['/a +main', 'got "+main"'],
    ['/a main:other', 'got "main:other"'],
    ['/a ^main', 'got "^main"'],
    ['/a a..b', 'got "a..b"'],
    ['/a a@{1}', 'got "a@{1}"'],
    ['/a x.lock', 'got "x.lock"'],
    ['/a main timeout=soon', 'wanted timeout=SECONDS, got "timeout=soon"'],
    ['/a main timeout=0', 'wanted timeout=SECONDS'],
    ['/a main sshKey=key', 'wanted sshKey=/PATH/TO/KEY, got "sshKey=key"'],
    ['/a main submodules=maybe', 'wanted submodules=yes, no or recursive'],
    ['/a main depth=1', 'wanted one of timeout=SECONDS; fallback_branch=BRANCH'],
    ['/a main __proto__=1', 'wanted one of timeout=SECONDS'],
  ])('says what it wants instead of %j', (value, message) => {
    expect(gitInput.check(value)).toContain(message);
  });

  it('has nothing against what is right', () => {
    expect(gitInput.check('https://example.org/a main')).toBeUndefined();
  });
});

describe('gitIdentity', () => {
  it('is another with another key', () => {
    const identities = [undefined, '/a', '/b'].map((sshKey) => gitIdentity('git@example.org:x', sshKey));

    expect(new Set(identities).size).toBe(3);
  });
});

describe('isRevision', () => {
  it('takes 40 small hex digits only', () => {
    expect(isRevision(rev)).toBe(true);
    expect(isRevision(rev.toUpperCase())).toBe(false);
    expect(isRevision(rev.slice(1))).toBe(false);
  });
});
