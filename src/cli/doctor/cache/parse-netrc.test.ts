import { describe, expect, it } from 'vitest';
import { findNetrcEntry, parseNetrc } from './parse-netrc.ts';

describe('parseNetrc', () => {
  it('reads entries on one line and on several', () => {
    expect(
      parseNetrc(`# of the caches
machine ci.example.org login x password secret#1
machine Other.example.org
  password "with \\"a\\" space"   # why not
  account none
  login
    y
default login anonymous password guest
`),
    ).toEqual([
      { host: 'ci.example.org', login: 'x', password: 'secret#1' },
      { host: 'other.example.org', login: 'y', password: 'with "a" space' },
      { host: undefined, login: 'anonymous', password: 'guest' },
    ]);
  });

  it('leaves out macros, and takes what is cut for empty', () => {
    expect(parseNetrc('macdef init\nmachine a login b password c\n\nmachine d login')).toEqual([
      { host: 'd', login: '', password: '' },
    ]);
    expect(parseNetrc('login x password y')).toEqual([]);
    expect(parseNetrc('')).toEqual([]);
  });
});

describe('findNetrcEntry', () => {
  const entry = (host: string | undefined, login: string) => ({ host, login, password: 'p' });

  it('is the first of the host, in any case, or the default before it', () => {
    const entries = [
      entry('a', '1'),
      entry('b', '2'),
      entry('a', '3'),
      entry(undefined, '4'),
      entry('c', '5'),
    ];
    expect(findNetrcEntry(entries, 'A')?.login).toBe('1');
    expect(findNetrcEntry(entries, 'b')?.login).toBe('2');
    expect(findNetrcEntry(entries, 'c')?.login).toBe('4');
    expect(findNetrcEntry(entries.slice(0, 2), 'c')).toBeUndefined();
  });
});
