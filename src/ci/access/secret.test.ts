import { describe, expect, it } from 'vitest';
import { hashSecret, newSessionSecret, newTokenSecret } from './secret.ts';

describe('secrets', () => {
  it('are long, random and safe in cookies and headers', () => {
    expect(newSessionSecret()).toMatch(/^[\w-]{43}$/);
    expect(newSessionSecret()).not.toBe(newSessionSecret());
  });

  it('of programs tell what they are', () => {
    expect(newTokenSecret()).toMatch(/^proteus_[\w-]{43}$/);
    expect(newTokenSecret()).not.toBe(newTokenSecret());
  });

  it('are kept as sha256', () => {
    expect(hashSecret('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
