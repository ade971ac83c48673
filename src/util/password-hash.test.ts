import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkPassword, hashPassword, isPasswordHash, wrapSha1 } from './password-hash.ts';

// Made by the reference implementation (argon2 0~20190702): `printf password | argon2 somesalt -id -t 2 -m 16 -p 1`.
const reference = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';

describe('hashPassword', () => {
  it('makes a hash that knows its password and no other', async () => {
    const hash = await hashPassword('correct horse');

    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(isPasswordHash(hash)).toBe(true);
    expect(await checkPassword('correct horse', hash)).toBe('right');
    expect(await checkPassword('correct horse ', hash)).toBe('wrong');
  });

  it('makes another one each time', async () => {
    expect(await hashPassword('x')).not.toBe(await hashPassword('x'));
  });
});

describe('checkPassword', () => {
  it('agrees with the reference implementation', async () => {
    expect(await checkPassword('password', reference)).toBe('right');
  });

  it('knows a password by its wrapped SHA-1, which is outdated then', async () => {
    const wrapped = await wrapSha1(createHash('sha1').update('foobar').digest('hex').toUpperCase());

    expect(await checkPassword('foobar', wrapped)).toBe('outdated');
    expect(await checkPassword('other', wrapped)).toBe('wrong');
  });

  it.each([
    '!',
    '',
    'foobar',
    '$argon2id$v=19$m=99999999,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1',
    '$argon2id$v=19$m=8,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1',
  ])('never takes %j for a hash', async (stored) => {
    expect(isPasswordHash(stored)).toBe(false);
    expect(await checkPassword(stored, stored)).toBe('wrong');
  });
});
