import { describe, expect, it } from 'vitest';
import { parseStoreUri } from './parse-store-uri.ts';
import { storeName } from './store-spec.ts';

const ssh = (host: string, more: { user?: string; port?: number } = {}) => ({
  type: 'ssh',
  target: { host, user: undefined, port: undefined, ...more },
});

describe('parseStoreUri', () => {
  it.each(['local', 'auto', 'daemon', ''])('takes %j for this machine', (uri) => {
    expect(parseStoreUri(uri)).toEqual({ type: 'local' });
  });

  it('runs a daemon of its own for a local store somewhere else', () => {
    expect(parseStoreUri('local?root=/mnt')).toEqual({
      type: 'command',
      name: 'local?root=/mnt',
      argv: ['nix-daemon', '--stdio', '--store', 'local?root=/mnt'],
    });
  });

  it('knows sockets', () => {
    expect(parseStoreUri('unix:///run/nix%20daemon/socket')).toEqual({
      type: 'socket',
      path: '/run/nix daemon/socket',
    });
    expect(() => parseStoreUri('unix://run/socket')).toThrow('begins with a slash');
  });

  it.each([
    ['builder', ssh('builder')],
    ['root@builder.example.org', ssh('builder.example.org', { user: 'root' })],
    ['ssh-ng://builder', ssh('builder')],
    ['ssh://nix@builder:2222', ssh('builder', { user: 'nix', port: 2222 })],
    ['ssh-ng://[fd00::1]:22', ssh('fd00::1', { port: 22 })],
    ['root@[fd00::1]', ssh('fd00::1', { user: 'root' })],
  ])('reaches %s over ssh', (uri, expected) => {
    expect(parseStoreUri(uri)).toMatchObject(expected);
  });

  it('reads the options', () => {
    const uri =
      'ssh-ng://b?ssh-key=/etc/nix/key%201&remote-program=sudo%20nix-daemon&remote-store=local%3Froot=/x&compress=true';
    expect(parseStoreUri(uri)).toMatchObject({
      settings: { identityFile: '/etc/nix/key 1' },
      remoteProgram: 'sudo nix-daemon',
      remoteStore: 'local?root=/x',
    });
  });

  it.each([
    ['https://cache.example.org', 'a store of the kind "https" has no daemon'],
    ['ssh-ng://', 'is not [user@]host[:port]'],
    ['ssh-ng://-oProxyCommand=x', 'is not [user@]host[:port]'],
    ['two words', 'is not [user@]host[:port]'],
    ['/nix/other', 'is not [user@]host[:port]'],
    ['ssh://host:99999', 'there is no port 99999'],
    ['ssh://[::1::]', 'is no address'],
    ['ssh://host?ssh-key=%zz', 'is not percent-encoded'],
    ['ssh://host?base64-ssh-public-host-key=abc', 'the option "base64-ssh-public-host-key" is not known'],
  ])('refuses %s', (uri, why) => {
    expect(() => parseStoreUri(uri)).toThrow(
      expect.objectContaining({ code: 'store.uri', message: expect.stringContaining(why) }),
    );
  });

  it('is called by its address, without the key', () => {
    const name = (uri: string): string => storeName(parseStoreUri(uri));
    expect(name('ssh://root@b:22?ssh-key=/secret')).toBe('ssh-ng://root@b:22');
    expect(name('[fd00::1]')).toBe('ssh-ng://[fd00::1]');
    expect(name('unix:///s')).toBe('unix:///s');
    expect(name('auto')).toBe('local');
  });
});
