import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { jobGlob } from './job-glob.ts';

const names = [
  'a',
  'b',
  'ab',
  'tests.a',
  'tests.a.b',
  'tests',
  'x[1]',
  'a-b',
  'A',
  '1',
  ']',
  '^a',
  'a*',
  '\\',
];
const patterns = [
  '*',
  'tests.*',
  '?',
  '??',
  '[ab]',
  '[!ab]',
  '[^ab]',
  '[a-z]*',
  '*[0-9]]',
  'x[[]1]',
  '[]a]',
  '[!]a]',
  '[',
  'x[',
  'x[1',
  '[[:upper:]]',
  '[[:digit:][:lower:]]',
  'a\\*',
  '\\a',
  '[a\\-b]',
  'a[-b]b',
  '.*',
  'a|b',
  '(a)',
  '',
];

describe('jobGlob', () => {
  it('matches what fnmatch matches', () => {
    // The shell's `case` follows the same rules.
    const script = 'for name; do case $name in $PATTERN) printf "%s\\n" "$name";; esac; done';
    for (const pattern of patterns) {
      const env = { ...process.env, PATTERN: pattern, LC_ALL: 'C.UTF-8' };
      const found = execFileSync('bash', ['-c', script, 'bash', ...names], { env, encoding: 'utf8' });

      expect([pattern, names.filter(jobGlob(pattern))]).toEqual([pattern, found.split('\n').slice(0, -1)]);
    }
  });

  it('matches over dots and lines', () => {
    expect(jobGlob('a*z')('a.b.c\nz')).toBe(true);
    expect(jobGlob('a*z')('a.b.c')).toBe(false);
  });
});
