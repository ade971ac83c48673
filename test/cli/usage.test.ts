import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { proteus } from '../helpers/proteus.ts';
import { makeFolder, writeNetwork } from '../helpers/write-network.ts';

describe('the command line', () => {
  it('prints its help with every command and examples', async () => {
    const { code, stdout } = await proteus(['--help']);

    expect(code).toBe(0);
    for (const word of [
      'build',
      'push',
      'deploy',
      'eval',
      'list-secrets',
      'cache',
      'key',
      'doctor',
      'Examples:',
    ]) {
      expect(stdout).toContain(word);
    }
  });

  it.each([
    [['bild', 'net.nix'], "unknown command 'bild'", 'Did you mean build?'],
    [['build'], "missing required argument 'network'", ''],
    [['build', 'net.nix', '--frobnicate'], "unknown option '--frobnicate'", ''],
    [['build', 'net.nix', '--every', 'two'], "wanted a whole number, got 'two'", ''],
    [['build', 'net.nix', '--on', 'a', '--on', 'b'], "flag 'on' cannot be repeated", ''],
    [['deploy', 'net.nix', 'foo'], 'dry-activate, test, switch, boot', ''],
    [['cache', 'serve', '--listen', 'nowhere'], '--listen wants HOST:PORT', ''],
    [['cache', 'serve', '--workers', '2', '--database', 'here'], '--database is of use with --nars only', ''],
    [['cache', 'scrub', '--nars', '/nowhere'], 'with a proteus.db', 'leave out --nars'],
    [['@/no/such/file'], 'cannot read the argument file /no/such/file', ''],
  ])('refuses %j with exit code 2', async (args, message, hint) => {
    const { code, stdout, stderr } = await proteus(args);

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });

  it('says what is wrong with a network file that is none', async () => {
    const folder = await makeFolder();
    const file = path.join(folder, 'network.nix');
    await writeFile(file, '{ machine }: { }');

    const missing = await proteus(['build', path.join(folder, 'none.nix')]);
    const directory = await proteus(['build', folder]);
    const lambda = await proteus(['build', file]);

    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('does not exist') });
    expect(directory).toMatchObject({ code: 1, stderr: expect.stringContaining('is a directory') });
    expect(lambda).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('a Morph network must be an attribute set'),
    });
  });

  it('takes global flags before the command, and arguments from a file', async () => {
    const file = await writeNetwork({ web01: '{ }', db01: '{ }' });
    const args = path.join(path.dirname(file), 'args');
    await writeFile(args, '--on\nweb*\n');

    const { code, stderr } = await proteus(['--keep-result', 'build', `@${args}`, file]);

    expect(code).toBe(0);
    expect(stderr).toContain('Selected 1/2 hosts');
  });
});

describe('proteus eval', () => {
  it('prints the value in Nix syntax', async () => {
    const file = await writeNetwork({ 'host.with.dots': '{ deployment.tags = [ "web" ]; }' });

    const { code, stdout } = await proteus(['eval', file, '"host.with.dots".config.deployment.tags']);

    expect({ code, stdout }).toEqual({ code: 0, stdout: '[ "web" ]\n' });
  });

  it('fails with what Nix says', async () => {
    const file = await writeNetwork({ web01: '{ }' });

    const { code, stderr } = await proteus(['eval', file, 'web02.config']);

    expect(code).toBe(1);
    expect(stderr).toContain("'web02'");
  });
});

describe('proteus list-secrets', () => {
  const secret = '{ deployment.secrets.token = { source = "s/token"; destination = "/run/token"; }; }';

  it('prints Morph’s text', async () => {
    const file = await writeNetwork({ web01: secret });

    const { code, stdout } = await proteus(['list-secrets', file]);

    expect(code).toBe(0);
    expect(stdout).toContain('Secrets for host web01:\ntoken:\n- `s/token` -> `/run/token`, with:\n');
  });

  it('prints Morph’s JSON with absolute sources', async () => {
    const file = await writeNetwork({ web01: secret });

    const { stdout } = await proteus(['list-secrets', '--json', file]);

    expect(JSON.parse(stdout)).toMatchObject({
      web01: { token: { Source: path.join(path.dirname(file), 's/token'), Destination: '/run/token' } },
    });
  });
});

describe('proteus key generate', () => {
  it('keeps the secret to its owner and never overwrites a key', async () => {
    const file = path.join(await makeFolder(), 'secret');
    const { stat } = await import('node:fs/promises');

    const first = await proteus(['key', 'generate', 'cache-1', '--secret', file]);
    const second = await proteus(['key', 'generate', 'cache-1', '--secret', file]);

    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^cache-1:[A-Za-z0-9+/]{43}=\n$/) });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(second).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`cannot write ${file}: it exists already`),
    });
  });
});
