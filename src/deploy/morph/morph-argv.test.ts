import { describe, expect, it } from 'vitest';
import { morphCopyArgv, morphScpArgv, morphSshArgv, morphSudoWords } from './morph-argv.ts';

const all = { identityFile: '/id', configFile: '/config', skipHostKeyCheck: true };

describe('the command lines of Morph', () => {
  it('reach a host as it says and as the environment says', () => {
    expect(morphSshArgv({ host: 'a' }, {}, ['id']).join(' ')).toBe('ssh a id');
    expect(morphSshArgv({ host: 'a', user: 'u', port: 22 }, all, ['id', '-u']).join(' ')).toBe(
      'ssh -o StrictHostKeyChecking=No -o UserKnownHostsFile=/dev/null -i /id -F /config -p 22 u@a id -u',
    );
    expect(morphScpArgv({ host: 'a', user: 'u', port: 22 }, {}, '/x', '/y').join(' ')).toBe(
      'scp -P 22 /x u@a:/y',
    );
  });

  it('put addresses of IPv6 in brackets where a path follows', () => {
    expect(morphScpArgv({ host: 'fe80::1', user: 'u' }, {}, '/x', '/y').at(-1)).toBe('u@[fe80::1]:/y');
    expect(morphSshArgv({ host: 'fe80::1' }, {}, []).at(-1)).toBe('fe80::1');
  });

  it('use sudo in one form, whether it was said or not', () => {
    expect(morphSudoWords(['sudo', 'id'], false).join(' ')).toBe("sudo -n -p '' -k -- id");
    expect(morphSudoWords(['id'], true).join(' ')).toBe("sudo -S -p '' -k -- id");
  });

  it('copy with the settings of the network, and with options for ssh only where there are some', () => {
    const copy = { path: '/nix/store/x', nixConfig: { cores: '1' }, substitute: true };

    expect(morphCopyArgv({ host: 'a' }, {}, copy)).toEqual({
      argv: ['nix-copy-closure', '--to', 'a', '/nix/store/x', '--option', 'cores', '1', '--use-substitutes'],
      sshOptions: undefined,
    });
    expect(morphCopyArgv({ host: 'a', user: 'u', port: 1 }, all, { ...copy, substitute: false })).toEqual({
      argv: ['nix-copy-closure', '--to', 'u@a?ssh-key=/id', '/nix/store/x', '--option', 'cores', '1'],
      sshOptions: '-o StrictHostkeyChecking=No -o UserKnownHostsFile=/dev/null -p 1 -F /config',
    });
  });
});
