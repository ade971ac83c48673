import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import { expect, it } from 'vitest';
import type { CliContext } from '../context.ts';
import { type ExecutionFlags, executionOptions, withExecutionFlags } from './execution-flags.ts';

function parsed(args: readonly string[]) {
  const flags = withExecutionFlags(new Command()).parse(args, { from: 'user' }).opts<ExecutionFlags>();
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stderr = new PassThrough();
  const context: CliContext = {
    stdin,
    stdout: new PassThrough(),
    stderr,
    stderrIsTerminal: true,
    env: process.env,
    cwd: '/',
    signal: new AbortController().signal,
    emit: () => {},
    json: false,
  };
  return { ...executionOptions(context, flags), stdin, stderr };
}

it('asks once for the password of sudo, and not before a host wants it', async () => {
  const { password, stdin, stderr } = parsed(['--passwd']);
  expect(stderr.read()).toBeNull();
  if (password === undefined) throw new Error('there is a way to ask for it');
  const answers = [password(), password()];
  stdin.write('typed\n');

  expect(await Promise.all(answers)).toEqual(['typed', 'typed']);
  expect(String(stderr.read()).match(/password/g)).toHaveLength(1);
});

it('gives what a command prints, or nothing', async () => {
  expect(await parsed(['--passcmd', 'echo pw']).password?.()).toBe('pw');
  expect(parsed(['--age-identity', 'id'])).toMatchObject({ password: undefined, ageIdentity: 'id' });
});
