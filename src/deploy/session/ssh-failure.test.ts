import { describe, expect, it } from 'vitest';
import { sshFailure } from './ssh-failure.ts';

describe('sshFailure', () => {
  it.each([
    'Host key verification failed.',
    '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @',
    'No ED25519 host key is known for web01 and you have requested strict checking.',
  ])('knows a wrong host key: %s', (words) => {
    expect(sshFailure('deploy.unreachable', 'web01', 'it cannot be reached', words)).toMatchObject({
      code: 'deploy.host-key',
      message: expect.stringContaining(words),
      hint: expect.stringContaining('ssh-keygen -R'),
    });
  });

  it('says what ssh says of anything else', () => {
    expect(
      sshFailure('deploy.unreachable', 'web01', 'it cannot be reached', 'Connection refused\n'),
    ).toMatchObject({
      code: 'deploy.unreachable',
      message: 'web01: it cannot be reached: Connection refused',
    });
    expect(sshFailure('deploy.connection-lost', 'web01', 'the connection was lost', '').message).toBe(
      'web01: the connection was lost: ssh ended without a word',
    );
  });
});
