import { describe, expect, it } from 'vitest';
import { secretOf } from '../testing/secret-of.ts';
import { differs, parseFound } from './found-secret.ts';

const sum = 'a'.repeat(64);
const found = parseFound([sum, 'nginx', 'web', '101', '102', '440', '-']);

describe('parseFound', () => {
  it('reads what a host says', () => {
    expect(found).toEqual({
      sum,
      user: ['nginx', '101'],
      group: ['web', '102'],
      mode: '440',
      actionDue: false,
    });
    expect(parseFound(['none', '-', '-', '-', '-', '-', 'due'])).toMatchObject({
      sum: undefined,
      actionDue: true,
    });
    expect(parseFound(['other', '-', '-', '-', '-', '-', '-'])).toMatchObject({ sum: undefined });
  });

  it.each([[[]], [[sum, 'nginx']], [['cat:', 'x', 'x', 'x', 'x', 'x', 'x']]])(
    'takes nothing else: %j',
    (words) => {
      expect(parseFound(words)).toBeUndefined();
    },
  );
});

describe('differs', () => {
  const spec = secretOf({ owner: { user: 'nginx', group: 'web' }, permissions: '0440' });

  it('is false when content, owner and mode are the same, by name or number', () => {
    expect(differs(spec, sum, found)).toBe(false);
    expect(differs({ ...spec, owner: { user: '101', group: '102' } }, sum, found)).toBe(false);
  });

  it('takes modes in letters for right', () => {
    expect(differs({ ...spec, permissions: 'u=r,g=r' }, sum, found)).toBe(false);
  });

  it('is true when any of it is not, or nothing is there', () => {
    expect(differs(spec, 'b'.repeat(64), found)).toBe(true);
    expect(differs({ ...spec, owner: { user: 'root', group: 'web' } }, sum, found)).toBe(true);
    expect(differs({ ...spec, owner: { user: 'nginx', group: 'root' } }, sum, found)).toBe(true);
    expect(differs({ ...spec, permissions: '0400' }, sum, found)).toBe(true);
    expect(differs(spec, sum, undefined)).toBe(true);
  });
});
