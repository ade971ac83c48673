import { describe, expect, it } from 'vitest';
import { checkSshTarget } from './check-ssh-target.ts';

describe('checkSshTarget', () => {
  it.each([
    { host: 'web01' },
    { host: 'web-01.example.org', port: 2222, user: 'deploy' },
    { host: 'my_alias' },
    { host: '10.0.0.2', port: 65535 },
    { host: '::1' },
    { host: 'fe80::1%eth0' },
    { host: '2001:db8::10.0.0.1' },
    { host: 'a', user: 'admin@corp' },
    { host: 'a', user: 'CORP\\admin' },
  ])('accepts %j', (target) => {
    expect(() => checkSshTarget('web01', target)).not.toThrow();
  });

  it.each([
    '',
    '-oProxyCommand=touch /tmp/x',
    '-v',
    'ssh://root@elsewhere:22',
    'root@elsewhere',
    'a b',
    'a\nb',
    'a;reboot',
    '$(reboot)',
    '`reboot`',
    '%h',
    'host:22',
    'a/b',
    'fe80::1%$(x)',
    'x'.repeat(300),
  ])('refuses the host %j', (host) => {
    expect(() => checkSshTarget('web01', { host })).toThrow(
      expect.objectContaining({
        code: 'deploy.target-invalid',
        message: `web01: deployment.targetHost is ${JSON.stringify(host)}, wanted a host name or an IP address`,
      }),
    );
  });

  it.each(['', '-l', 'a b', 'a%b', 'a;b', "a'b", '$USER'])('refuses the user %j', (user) => {
    expect(() => checkSshTarget('web01', { host: 'a', user })).toThrow(/web01: deployment.targetUser is /);
  });

  it.each([0, -1, 65536, 1.5, Number.NaN])('refuses the port %d', (port) => {
    expect(() => checkSshTarget('web01', { host: 'a', port })).toThrow(/a port from 1 to 65535/);
  });
});
