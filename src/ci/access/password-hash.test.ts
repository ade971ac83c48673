import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../util/app-error.ts';
import { hashPassword, importPasswordHash, verifyPassword } from './password-hash.ts';

/** Cheap, so that the tests are quick; not ours, so it counts as outdated. */
const cheap = { memory: 64, passes: 1, lanes: 1 };
const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex');

describe('hashPassword', () => {
  it('makes an argon2id hash that only its password matches', async () => {
    const hash = await hashPassword('correct horse');

    expect(hash).toMatch(/^\$argon2id\$v=19\$m=65536,t=3,p=4\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await verifyPassword('correct horse', hash)).toBe('right');
    expect(await verifyPassword('correct hors', hash)).toBe('wrong');
    expect(await verifyPassword('', hash)).toBe('wrong');
  });

  it('makes another hash each time', async () => {
    expect(await hashPassword('same', cheap)).not.toBe(await hashPassword('same', cheap));
  });

  it('takes any text for a password', async () => {
    const password = `${'long '.repeat(1000)}\0 ü 🔑`;
    expect(await verifyPassword(password, await hashPassword(password, cheap))).toBe('outdated');
  });

  it('leaves the event loop free', async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    await hashPassword('password');
    clearInterval(timer);

    expect(turns).toBeGreaterThan(0);
  });

  it('turns away those who find too many waiting, and goes on afterwards', async () => {
    const attempts = await Promise.allSettled(Array.from({ length: 70 }, () => hashPassword('x', cheap)));

    const refused = attempts.filter((attempt) => attempt.status === 'rejected');
    expect(refused.length).toBe(4);
    expect(refused[0]?.reason).toBeInstanceOf(AppError);
    expect(refused[0]?.reason).toMatchObject({ code: 'access.busy', status: 503 });
    expect(await hashPassword('x', cheap)).toContain('argon2id');
  });
});

describe('verifyPassword', () => {
  it('knows a hash that the reference implementation made', async () => {
    // Of the test vectors of the argon2 command: version 19, 64 MiB, 2 passes, 1 lane.
    const hash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';

    expect(await verifyPassword('password', hash)).toBe('outdated');
    expect(await verifyPassword('passwore', hash)).toBe('wrong');
  });

  it("knows a hash at Hydra's cost", async () => {
    const hash = await hashPassword('foobar', { memory: 262_144, passes: 3, lanes: 1 });

    expect(hash).toContain('$argon2id$v=19$m=262144,t=3,p=1$');
    expect(await verifyPassword('foobar', hash)).toBe('outdated');
  });

  it('knows a sha1 that was wrapped', async () => {
    const hash = await importPasswordHash(sha1('foobar').toUpperCase());

    expect(await verifyPassword('foobar', hash)).toBe('outdated');
    expect(await verifyPassword('foobaz', hash)).toBe('wrong');
  });

  it('does not take the sha1 of a password for it where the hash is of our cost', async () => {
    const hash = await hashPassword(sha1('foobar'));

    expect(await verifyPassword('foobar', hash)).toBe('wrong');
  });

  it.each([
    undefined,
    '',
    '!',
    'foobar',
    sha1('foobar'),
    '$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=9999999,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=65536,t=999,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=65536,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=4,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
  ])('takes no password for right where the hash is %j', async (hash) => {
    expect(await verifyPassword('foobar', hash)).toBe('wrong');
  });
});

describe('importPasswordHash', () => {
  it('keeps an argon2id hash as it is', async () => {
    const hash = '$argon2id$v=19$m=262144,t=3,p=1$tMnV5paYjmIrUIb6hylaNA$M8/e0i3NGrjhOliVLa5LqQ';

    expect(await importPasswordHash(hash)).toBe(hash);
  });

  it.each([
    '',
    'foobar',
    '!',
    `${sha1('x')}0`,
    '$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c',
  ])('refuses %j, without telling it to others', async (hash) => {
    await expect(importPasswordHash(hash)).rejects.toMatchObject({
      code: 'access.hash-invalid',
      message: expect.stringContaining(`got ${hash.length} characters that are neither`),
    });
  });
});
