import { describe, expect, it } from 'vitest';
import { daemonCommand, localSocket, localUri, openTransport, throughSsh } from './open-transport.ts';
import { watchedCommand } from './watched-command.ts';

const argvTo = (spec: Parameters<typeof throughSsh>[0]) => throughSsh(spec, daemonCommand(spec));

describe('throughSsh', () => {
  it('never asks, shares no connection, and ends by itself when the other side is gone', () => {
    const argv = argvTo({ type: 'ssh', target: { host: 'b' }, settings: {} });
    expect(argv.slice(0, -3).join(' ')).toBe(
      'ssh -x -T -a -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=15 -o ServerAliveCountMax=4' +
        ' -o ControlMaster=no -o ControlPath=none -- b',
    );
    expect(argv.slice(-3)).toEqual(watchedCommand(['nix-daemon', '--stdio']));
  });

  it('lets what the user says win: ssh takes the first value of an option', () => {
    const argv = argvTo({
      type: 'ssh',
      target: { host: 'b', user: 'root', port: 23 },
      settings: { extraArgs: ['-o', 'ConnectTimeout=3'], identityFile: '/key' },
    });
    expect(argv.indexOf('ConnectTimeout=3')).toBeLessThan(argv.indexOf('ConnectTimeout=30'));
    expect(argv.slice(0, 5)).toEqual(['ssh', '-i', '/key', '-p', '23']);
  });

  it('quotes what a shell on the other side reads', () => {
    const argv = argvTo({
      type: 'ssh',
      target: { host: 'b' },
      settings: {},
      remoteProgram: 'sudo  nix-daemon',
      remoteStore: 'local?root=/x; rm',
    });
    expect(argv.slice(argv.indexOf('b') + 1)).toEqual(
      watchedCommand(['sudo', 'nix-daemon', '--stdio', '--store', 'local?root=/x; rm']),
    );
  });
});

describe('the local store', () => {
  it('is opened in place unless the environment names another', () => {
    for (const NIX_REMOTE of [undefined, '', 'auto', 'daemon'])
      expect(localUri({ NIX_REMOTE })).toBe('local');
    expect(localUri({ NIX_REMOTE: 'local?root=/x' })).toBe('local?root=/x');
  });

  it('has its socket where Nix looks for it', () => {
    expect(localSocket({})).toBe('/nix/var/nix/daemon-socket/socket');
    expect(localSocket({ NIX_STATE_DIR: '/state' })).toBe('/state/daemon-socket/socket');
    expect(localSocket({ NIX_STATE_DIR: '/state', NIX_DAEMON_SOCKET_PATH: '/s' })).toBe('/s');
  });
});

describe('openTransport', () => {
  it('says which socket nobody listens on', async () => {
    await expect(openTransport({ type: 'socket', path: '/no/such/socket' }, {})).rejects.toMatchObject({
      code: 'store.unreachable',
      message: expect.stringContaining('nothing answers on the socket /no/such/socket'),
    });
  });

  it('keeps the last words of a program', async () => {
    const transport = await openTransport(
      { type: 'command', name: 'x', argv: ['sh', '-c', 'seq 100 >&2; echo bye >&2'] },
      {},
    );
    const lines = (await transport.diagnostics()).split('\n');
    expect(lines.length).toBe(20);
    expect(lines.slice(-2)).toEqual(['100', 'bye']);
    await transport.destroy();
  });

  it('waits for a program to go when it is told goodbye', async () => {
    const transport = await openTransport(
      { type: 'command', name: 'x', argv: ['sh', '-c', 'cat >/dev/null; echo gone >&2'] },
      {},
    );
    await transport.close();
    expect(await transport.diagnostics()).toBe('gone');
  });
});
