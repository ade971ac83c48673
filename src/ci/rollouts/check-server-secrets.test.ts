import { describe, expect, it } from 'vitest';
import { plannedHost } from '../../deploy/testing/plan-of.ts';
import type { SecretSpec } from '../../network/network.ts';
import { testPath } from '../testing/test-database.ts';
import { checkServerSecrets } from './check-server-secrets.ts';

const secret: SecretSpec = {
  source: '',
  destination: '/run/key',
  owner: { user: 'root', group: 'root' },
  permissions: '0400',
  action: [],
  mkDirs: true,
  uploadAt: 'pre-activation',
};
const check = (change: Partial<SecretSpec>, folder?: string): void =>
  checkServerSecrets(
    plannedHost({
      name: 'web',
      target: { host: 'web' },
      toplevel: testPath('web'),
      secrets: { key: { ...secret, ...change } },
    }),
    folder,
  );

describe('the secrets that a server gives', () => {
  it.each([
    [{ source: '/srv/secrets/web/key' }],
    [{ text: 'not very secret' }],
    [{ age: { file: '/srv/secrets/key.age', identity: '/srv/secrets/identity' } }],
  ])('may be %j', (change) => {
    expect(() => check(change, '/srv/secrets')).not.toThrow();
  });

  it.each([
    [
      { source: '/etc/shadow' },
      'should be a file in /srv/secrets, and its source leads out of it, to /etc/shadow',
    ],
    [{ source: '/srv/secrets-of-others/x' }, 'leads out of it'],
    [{ age: { file: '/srv/key.age' } }, 'leads out of it, to /srv/key.age'],
    [{ age: { file: '/srv/secrets/a', identity: '/root/id' } }, 'leads out of it, to /root/id'],
    [{ command: ['cat', '/etc/shadow'] }, 'comes from a command, and the server runs none'],
  ])('may not be %j', (change, message) => {
    expect(() => check(change, '/srv/secrets')).toThrow(message);
  });

  it('are no files where there is no folder of them', () => {
    expect(() => check({ source: '/key' })).toThrow('the server has no folder of secrets');
    expect(() => check({ text: 'x' })).not.toThrow();
  });
});
