import { describe, expect, it } from 'vitest';
import { bareHost } from '../network/bare-host.ts';
import type { HostMetadata, SecretSpec } from '../network/network.ts';
import { knownHost } from './known-host.ts';

const secret: SecretSpec = {
  source: '',
  destination: '/run/x',
  owner: { user: 'root', group: 'root' },
  permissions: '0400',
  action: [],
  mkDirs: true,
  uploadAt: 'pre-activation',
};

function host(change: Partial<HostMetadata> = {}): HostMetadata {
  return { ...bareHost('web01'), targetHost: 'web01.example.org', ...change };
}

const options = { defaultUser: 'admin', base: '/net' } as const;

describe('knownHost', () => {
  it('logs in as the host says, else as everywhere', () => {
    expect(knownHost(host(), options).target).toEqual({
      host: 'web01.example.org',
      port: undefined,
      user: 'admin',
    });
    expect(knownHost(host({ targetUser: 'deploy', targetPort: 22 }), options).target).toMatchObject({
      port: 22,
      user: 'deploy',
    });
    expect(knownHost(host({ targetPort: 0 }), { ...options, defaultUser: undefined }).target).toEqual({
      host: 'web01.example.org',
      port: undefined,
      user: undefined,
    });
  });

  it('makes sources of secrets absolute, and leaves those that are no files', () => {
    const { secrets } = knownHost(
      host({
        secrets: {
          file: { ...secret, source: 's/a' },
          text: { ...secret, text: 'x' },
          age: { ...secret, age: { file: 'b.age', identity: '/keys/id' } },
        },
      }),
      options,
    );

    expect(secrets.file?.source).toBe('/net/s/a');
    expect(secrets.text).toMatchObject({ source: '', text: 'x' });
    expect(secrets.age?.age).toEqual({ file: '/net/b.age', identity: '/keys/id' });
  });

  it('refuses an address that ssh would take for an option, unless nobody goes there', () => {
    expect(() => knownHost(host({ targetHost: '-oProxyCommand=x' }), options)).toThrow(
      'wanted a host name or an IP address',
    );
    expect(knownHost(host({ targetHost: '-x', buildOnly: true }), options).buildOnly).toBe(true);
  });
});
