import { describe, expect, it } from 'vitest';
import { secretOf } from '../testing/secret-of.ts';
import { checkSecret } from './check-secret.ts';

describe('checkSecret', () => {
  it('takes what can be put somewhere', () => {
    const fine = secretOf({ destination: '/run/with space/ä', permissions: 'u=r' });
    expect(() => checkSecret('a', fine)).not.toThrow();
  });

  it.each([
    [{ destination: 'run/x' }, 'wanted an absolute path of a file as destination, got "run/x"'],
    [{ destination: '/run/x/' }, 'got "/run/x/"'],
    [{ destination: '/run/a\nb' }, 'got "/run/a\\nb"'],
    [{ owner: { user: '', group: 'root' } }, 'the name of a user as owner.user, got ""'],
    [{ owner: { user: 'root', group: 'a:b' } }, 'the name of a group as owner.group, got "a:b"'],
    [{ permissions: '' }, 'a mode such as 0400 as permissions, got ""'],
  ])('refuses %j', (change, message) => {
    expect(() => checkSecret('db', secretOf(change))).toThrow(message);
    expect(() => checkSecret('db', secretOf(change))).toThrow('the secret db');
  });
});
