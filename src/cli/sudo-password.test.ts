import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type SudoPasswordFlags, sudoPassword } from './sudo-password.ts';

function asking(flags: SudoPasswordFlags, isTTY = false) {
  const stdin = Object.assign(new PassThrough(), { isTTY });
  const stderr = new PassThrough();
  const ask = sudoPassword(flags, { stdin, stderr, env: process.env, cwd: '/' });
  return { stdin, stderr, ask: () => ask(new AbortController().signal) };
}

describe('sudoPassword', () => {
  it('is none when nobody asks for one', async () => {
    expect(await asking({}).ask()).toBe('');
  });

  it('is what a command prints, without its line end', async () => {
    expect(await asking({ passcmd: '  echo  pw ' }).ask()).toBe('pw');
  });

  it('says how the command failed, and nothing of what could be the password', async () => {
    await expect(asking({ passcmd: 'false hunter2' }).ask()).rejects.toMatchObject({
      code: 'deploy.no-password',
      message: expect.not.stringContaining('hunter2'),
    });
    await expect(asking({ passcmd: 'no-such-program hunter2' }).ask()).rejects.toThrow(
      'the command of --passcmd (no-such-program) cannot be run',
    );
  });

  it('is asked for once', async () => {
    const { ask, stdin, stderr } = asking({ passwd: true }, true);
    const answers = [ask(), ask()];
    stdin.write('typed\n');

    expect(await Promise.all(answers)).toEqual(['typed', 'typed']);
    expect(String(stderr.read())).toBe('Please enter remote sudo password: \n');
  });

  it('is asked for on terminals only', async () => {
    await expect(asking({ passwd: true }).ask()).rejects.toThrow('inappropriate ioctl for device');
  });
});
