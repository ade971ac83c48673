import { describe, expect, it } from 'vitest';
import { narNameProblem, narTargetProblem } from './nar-names.ts';

describe('narNameProblem', () => {
  it.each(['a', '...', '.a', 'a b', 'é', '\n', '-'])('has nothing against %j', (name) => {
    expect(narNameProblem(Buffer.from(name))).toBeUndefined();
  });

  it('counts bytes up to 255', () => {
    expect(narNameProblem(Buffer.alloc(255, 'a'))).toBeUndefined();
    expect(narNameProblem(Buffer.alloc(256, 'a'))).toBe('a name has 256 bytes, more than 255');
  });

  it.each([
    ['', 'a name is empty'],
    ['.', 'a name is "." or ".."'],
    ['..', 'a name is "." or ".."'],
    ['a/b', 'a name has a slash'],
    ['a\0', 'a name has a NUL byte'],
  ])('refuses %j', (name, problem) => {
    expect(narNameProblem(Buffer.from(name))).toBe(problem);
  });
});

describe('narTargetProblem', () => {
  it.each(['/', '../../x', 'a b', '\n'])('has nothing against %j', (target) => {
    expect(narTargetProblem(Buffer.from(target))).toBeUndefined();
  });

  it('counts bytes up to 4095', () => {
    expect(narTargetProblem(Buffer.alloc(4095, 'a'))).toBeUndefined();
    expect(narTargetProblem(Buffer.alloc(4096, 'a'))).toBe(
      'the target of a symlink has 4096 bytes, more than 4095',
    );
  });

  it('refuses an empty one and NUL bytes', () => {
    expect(narTargetProblem(Buffer.alloc(0))).toBe('the target of a symlink is empty');
    expect(narTargetProblem(Buffer.from('a\0'))).toBe('the target of a symlink has a NUL byte');
  });
});
