import { describe, expect, it } from 'vitest';
import { type UserFlags, userRequest } from './user-request.ts';

const argon2 = '$argon2id$v=19$m=262144,t=3,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
const sha1 = '8843d7f92416211de9ebb963ff4ce28125932878';

describe('userRequest', () => {
  it('takes a name and leaves the rest as it is', () => {
    expect(userRequest(['alice'], {})).toEqual({
      name: 'alice',
      renameFrom: undefined,
      type: undefined,
      fullName: undefined,
      email: undefined,
      password: { type: 'unchanged' },
      wipeRoles: false,
      roles: [],
    });
  });

  it.each<[UserFlags, object]>([
    [{ fullName: '' }, { fullName: null }],
    [
      { fullName: 'Alice Q. User', emailAddress: 'a@b' },
      { fullName: 'Alice Q. User', email: 'a@b' },
    ],
    [
      { role: ['admin', 'made-up'], wipeRoles: true },
      { roles: ['admin', 'made-up'], wipeRoles: true },
    ],
    [{ passwordPrompt: true }, { password: { type: 'prompt' } }],
    [{ password: 'foobar' }, { password: { type: 'plain', password: 'foobar' } }],
    [{ passwordHash: argon2 }, { password: { type: 'hash', hash: argon2 } }],
    [{ passwordHash: sha1 }, { password: { type: 'hash', hash: sha1 } }],
  ])('reads %j', (flags, wanted) => {
    expect(userRequest(['alice'], flags)).toMatchObject(wanted);
  });

  it.each(['google', 'github'])('makes a user of type %s from an address alone', (type) => {
    expect(userRequest(['alice@example.org'], { type })).toMatchObject({
      email: 'alice@example.org',
      password: { type: 'none' },
    });
  });

  it.each<[readonly string[], UserFlags, string]>([
    [[], {}, 'one user name required'],
    [[''], {}, 'one user name required'],
    [['alice', 'bob'], {}, 'one user name required, got alice bob'],
    [['alice'], { type: 'ldap' }, "--type wants one of hydra, google, github; got 'ldap'"],
    [['alice'], { type: 'google' }, "a user of type google is named by an e-mail address; got 'alice'"],
    [
      ['a@b'],
      { type: 'github', emailAddress: 'c@d' },
      '--email-address cannot be given for a user of type github',
    ],
    [['a@b'], { type: 'github', password: 'x' }, 'a user of type github signs in over there'],
    [
      ['alice'],
      { password: 'x', passwordPrompt: true },
      'only one of --password-prompt, --password-hash and --password',
    ],
    [
      ['alice'],
      { password: 'x', passwordHash: argon2 },
      'only one of --password-prompt, --password-hash and --password',
    ],
    [['alice'], { password: '' }, 'an empty password is not allowed'],
  ])('refuses %j with %j', (names, flags, message) => {
    expect(() => userRequest(names, flags)).toThrow(
      expect.objectContaining({ code: 'user.invalid', message: expect.stringContaining(message) }),
    );
  });
});
