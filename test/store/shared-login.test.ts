/** Commands over one login, with a real ssh and a real sshd. */

import { createHash, randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { shellQuote } from '../../src/process/ssh.ts';
import { createSharedLogin } from '../../src/store/shared-login.ts';
import { localSshd } from './local-sshd.ts';
import { processesWith, until } from './nix-lab.ts';

const sh = (script: string): readonly string[] => ['sh', '-c', shellQuote(script)];

function loginTo(more: readonly string[] = []) {
  const { settings } = localSshd(more);
  return createSharedLogin({ type: 'ssh', target: { host: 'elsewhere', user: 'root' }, settings }, undefined);
}

describe('a shared login', () => {
  it('runs commands, with streams and exit codes of their own', async () => {
    await using login = loginTo();
    const run = async (script: string, input = '') => {
      const command = await login.run(sh(script), undefined);
      command.stdin.end(input);
      const [out, err, exit] = await Promise.all([
        text(command.stdout),
        text(command.stderr),
        command.exited,
      ]);
      return { out, err, ...exit };
    };

    expect(await run('cat; echo bad >&2; exit 7', 'hello')).toEqual({
      out: 'hello',
      err: 'bad\n',
      code: 7,
      signal: null,
    });
    expect(await run('kill -9 $$')).toMatchObject({ code: null, signal: 'SIGKILL' });
    // Nothing is lost of what is said at the very end.
    expect(await run('exec 1>&-; echo last words >&2')).toMatchObject({ err: 'last words\n', code: 0 });
  });

  it.for([
    ['as sshd is', []],
    ['with two for each', ['MaxSessions 2']],
  ] as const)('logs in again when there is no room for one more session: %s', async ([, more]) => {
    await using login = loginTo(more);
    const commands = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const command = await login.run(sh(`read line; echo ${index} $line`), undefined);
        return { index, command };
      }),
    );
    // All of them run at the same time: none has had its line yet.
    for (const { command } of commands) command.stdin.end('here\n');
    for (const { index, command } of commands) expect(await text(command.stdout)).toBe(`${index} here\n`);
  });

  it('says so where no session may begin at all', async () => {
    await using login = loginTo(['MaxSessions 0']);
    await expect(login.run(['true'], undefined)).rejects.toMatchObject({
      code: 'store.unreachable',
      message: expect.stringContaining('ssh-ng://root@elsewhere: it lets us in, but no session begin'),
    });
  });

  it('carries much both ways, and does not run ahead of who reads', async () => {
    await using login = loginTo();
    const sent = randomBytes(24 * 1024 * 1024);
    const command = await login.run(['cat'], undefined);
    command.stdin.end(sent);
    // Nobody reads yet: both directions fill up, and nothing more comes.
    await until(() => command.stdout.readableLength > 0, 'the first bytes are here');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(command.stdout.readableLength).toBeLessThan(3 * 1024 * 1024);
    const other = await login.run(['echo', 'meanwhile'], undefined);
    expect(await text(other.stdout)).toBe('meanwhile\n');

    const hash = createHash('sha256');
    for await (const chunk of command.stdout) hash.update(chunk);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'));
    expect(await command.exited).toEqual({ code: 0, signal: null });
  });

  it('leaves a command to itself, which ends when it reads or writes, and frees its place', async () => {
    await using login = loginTo(['MaxSessions 1']);
    const before = await login.run(sh('echo ready; cat; : mark-left'), undefined);
    for await (const chunk of before.stdout) {
      expect(String(chunk)).toBe('ready\n');
      break;
    }
    expect(processesWith('mark-left').length).toBeGreaterThan(0);
    await before.kill();
    expect(await before.exited).toEqual({ code: null, signal: null });
    await until(() => processesWith('mark-left').length === 0, 'it has ended over there');
    const { stdout } = await login.run(['echo', 'again'], undefined);
    expect(await text(stdout)).toBe('again\n');
    expect(processesWith('root@elsewhere').length).toBe(1);
  });

  it('tells its commands when the connection is gone, and logs in anew', async () => {
    await using login = loginTo();
    const command = await login.run(sh('echo $PPID; exec sleep 1000'), undefined);
    let said = '';
    command.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    for await (const chunk of command.stdout) {
      process.kill(Number(String(chunk)), 'SIGKILL');
      break;
    }
    expect(await command.exited).toEqual({ code: null, signal: null });
    expect(said).toMatch(/disconnect|closed|reset/i);
    const { stdout } = await login.run(['echo', 'again'], undefined);
    expect(await text(stdout)).toBe('again\n');
  });

  it('gives up at once when the signal fires, and leaves nothing behind', async () => {
    const login = loginTo();
    const stop = new AbortController();
    const starting = login.run(['true'], stop.signal);
    stop.abort();
    await expect(starting).rejects.toMatchObject({ code: 'interrupted' });
    await (await login.run(sh('exec sleep 1000'), undefined)).kill();
    await login[Symbol.asyncDispose]();
    expect(processesWith('root@elsewhere')).toEqual([]);
  });
});
