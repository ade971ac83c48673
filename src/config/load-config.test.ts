import { describe, expect, it } from 'vitest';
import { type ConfigSources, loadConfig } from './load-config.ts';

const from = (text: string, flags: ConfigSources['flags'] = {}): ReturnType<typeof loadConfig> =>
  loadConfig({ file: '/c.toml', flags, read: async () => text });

const refused = async (text: string, flags?: ConfigSources['flags']): Promise<string> =>
  from(text, flags).then(
    ({ config }) => expect.fail(`it was taken: ${JSON.stringify(config)}`),
    (error: Error) => error.message,
  );

const absent = async (): Promise<string> => {
  throw Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' });
};

describe('loadConfig', () => {
  it('has defaults for everything', async () => {
    const { config, file } = await loadConfig({ read: absent });

    expect(file).toBeUndefined();
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 3000 },
      private: false,
      keys: [],
      builders: { local: true, 'machines-file': '/etc/nix/machines' },
      limits: { timeout: 36_000, silence: 3600, log: 67_108_864, output: 0 },
      retention: { every: 86_400 },
    });
  });

  it('reads the default file where there is one', async () => {
    const { file } = await loadConfig({ read: async () => '' });

    expect(file).toBe('/etc/proteus/proteus.toml');
  });

  it('reads times, sizes, addresses and sections', async () => {
    const { config } = await from(`
listen = "[::1]:80"
database = "postgres:///proteus"
base-url = "https://ci.example.org"
[evaluation]
memory = "4 GiB"
[limits]
timeout = "2 h"
`);

    expect(config).toMatchObject({
      listen: { host: '::1', port: 80 },
      database: 'postgres:///proteus',
      evaluation: { memory: 4_294_967_296 },
      limits: { timeout: 7200, silence: 3600 },
    });
  });

  it('lets flags hold over the file, unless they were not given', async () => {
    const { config } = await from('listen = "a:1"\nprivate = true', { listen: 'b:2', private: undefined });

    expect(config).toMatchObject({ listen: { host: 'b', port: 2 }, private: true });
  });

  it.each([
    ['listn = "a:1"', "/c.toml: there is no key 'listn'; did you mean 'listen'?"],
    ['memory = "4G"', "/c.toml: there is no key 'memory'; it belongs into the section [evaluation]"],
    [
      '[limits]\nram = 1',
      "/c.toml: there is no key 'ram' in [limits]; there are: timeout, silence, log, output",
    ],
    ['listen = 3000', '/c.toml: listen: wanted HOST:PORT, such as 0.0.0.0:3000 or [::1]:3000, got 3000'],
    ['private = "yes"', '/c.toml: private: wanted true or false, got "yes"'],
    [
      'database = "mysql://x"',
      /^\/c\.toml: database: wanted postgres:\/\/USER@HOST\/NAME or .*, got "mysql:\/\/x"$/,
    ],
    [
      'keys = ["cache.secret"]',
      '/c.toml: keys: wanted a list of absolute paths of secret key files, got "cache.secret"',
    ],
    [
      '[limits]\ntimeout = "1 year"',
      /^\/c\.toml: limits\.timeout: wanted a time such as 600 .*, got "1 year"$/,
    ],
    ['limits = 5', '/c.toml: limits: wanted a section, [limits], got 5'],
    ['base-url = "ci.example.org"', /^\/c\.toml: base-url: wanted a URL such as .*, got "ci\.example\.org"$/],
    ['listen = "a:1\n', /^\/c\.toml:1:\d+: not valid TOML: /],
  ])('refuses %j in words', async (text, wanted) => {
    const whole = typeof wanted === 'string' ? new RegExp(`^${RegExp.escape(wanted)}$`) : wanted;

    expect(await refused(text)).toMatch(whole);
  });

  it('tells everything that is wrong at once, and a flag as a flag', async () => {
    expect(await refused('private = 1', { listen: 'nowhere' })).toBe(
      '--listen: wanted HOST:PORT, such as 0.0.0.0:3000 or [::1]:3000, got "nowhere"\n' +
        '/c.toml: private: wanted true or false, got 1',
    );
  });

  it('says when the file that was named is not there', async () => {
    await expect(loadConfig({ file: '/c.toml', read: absent })).rejects.toMatchObject({
      code: 'config.invalid',
      message: 'cannot read the configuration file /c.toml: ENOENT: no such file',
    });
  });
});
