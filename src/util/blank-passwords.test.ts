import { describe, expect, it } from 'vitest';
import { blankPasswords, restorePasswords } from './blank-passwords.ts';

describe('blankPasswords', () => {
  it.each([
    ['https://me:secret@h.org/x.git main', 'https://me:***@h.org/x.git main'],
    ['git+https://:s3:cr%2Fet@h.org:8443/x', 'git+https://:***@h.org:8443/x'],
    ['a https://a:b@c, then HTTPS://d:e@f.', 'a https://a:***@c, then HTTPS://d:***@f.'],
    ['https://me@h.org/x', 'https://me@h.org/x'],
    ['https://h.org:8443/a@b:c@d', 'https://h.org:8443/a@b:c@d'],
    ['git@h.org:x.git', 'git@h.org:x.git'],
    ['github:owner/repository', 'github:owner/repository'],
    ['', ''],
  ])('%j is shown as %j', (text, shown) => {
    expect(blankPasswords(text)).toBe(shown);
  });
});

describe('restorePasswords', () => {
  const known = ['https://me:secret@h.org/x.git main', 'https://you:other@h.org/x', 'text'];

  it.each([
    ['https://me:***@h.org/x.git main', 'https://me:secret@h.org/x.git main'],
    ['https://me:***@h.org/another.git', 'https://me:secret@h.org/another.git'],
    ['https://you:***@h.org/x', 'https://you:other@h.org/x'],
    ['https://me:new@h.org/x', 'https://me:new@h.org/x'],
    ['https://me@h.org/x', 'https://me@h.org/x'],
    ['https://me:***@evil.org/x', undefined],
    ['https://me:***@h.org:81/x', undefined],
    ['http://me:***@h.org/x', undefined],
    ['https://nobody:***@h.org/x', undefined],
  ])('%j is %j', (text, restored) => {
    expect(restorePasswords(text, known)).toBe(restored);
  });

  it('takes no blank for a password', () => {
    expect(restorePasswords('https://me:***@h/x', ['https://me:***@h/x'])).toBeUndefined();
  });

  it('gives back what was shown, also with signs that mean something to replacements', () => {
    for (const password of ['a', '$&$1', 'p%40:x', '***x']) {
      const text = `https://me:${password}@h.org/x`;
      expect(restorePasswords(blankPasswords(text), [text])).toBe(text);
    }
  });
});
