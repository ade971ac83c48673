import { describe, expect, it } from 'vitest';
import { runProcess } from './run-process.ts';
import { shellQuote, sshArgv, sshSettingsFromEnvironment } from './ssh.ts';

describe('sshArgv', () => {
  it('has Morph’s order: host key options, identity, configuration, port', () => {
    const settings = { skipHostKeyCheck: true, identityFile: '/id', configFile: '/cfg' };

    expect(sshArgv({ host: 'db01', port: 2222, user: 'deploy' }, settings, ['uname', '-a'])).toEqual([
      'ssh',
      '-o',
      'StrictHostKeyChecking=No',
      '-o',
      'UserKnownHostsFile=/dev/null',
      '-o',
      'LogLevel=ERROR',
      '-i',
      '/id',
      '-F',
      '/cfg',
      '-p',
      '2222',
      '--',
      'deploy@db01',
      'uname',
      '-a',
    ]);
  });

  it('leaves everything to ssh when nothing is set', () => {
    expect(sshArgv({ host: 'db01' }, {}, ['true'])).toEqual(['ssh', '--', 'db01', 'true']);
  });

  it('cannot be made to take a host for an option', () => {
    const argv = sshArgv({ host: '-oProxyCommand=evil' }, {}, []);

    expect(argv.indexOf('--')).toBeLessThan(argv.indexOf('-oProxyCommand=evil'));
  });
});

describe('sshSettingsFromEnvironment', () => {
  it('reads Morph’s variables', () => {
    const env = {
      SSH_IDENTITY_FILE: '/id',
      SSH_USER: 'me',
      SSH_CONFIG_FILE: '/cfg',
      SSH_SKIP_HOST_KEY_CHECK: '0',
    };

    expect(sshSettingsFromEnvironment(env)).toEqual({
      identityFile: '/id',
      configFile: '/cfg',
      skipHostKeyCheck: true,
      user: 'me',
    });
  });

  it('takes an empty variable as unset', () => {
    expect(sshSettingsFromEnvironment({ SSH_USER: '', SSH_SKIP_HOST_KEY_CHECK: '' })).toEqual({
      identityFile: undefined,
      configFile: undefined,
      skipHostKeyCheck: false,
      user: undefined,
    });
  });
});

describe('shellQuote', () => {
  it.each(['plain', 'two words', "it's", '$HOME', 'a;b', '', 'line\nbreak', '*'])(
    'keeps %j one word for a shell',
    async (word) => {
      const { stdout } = await runProcess(['sh', '-c', `printf %s ${shellQuote(word)}`]);

      expect(stdout).toBe(word);
    },
  );
});
