import { describe, expect, it } from 'vitest';
import { runProcess } from '../../process/run-process.ts';
import { asRoot } from './as-root.ts';

const mark = '0123456789abcdef';

/** What the login shell of a host makes of it, with a sudo that is `sudo`. */
async function run(words: readonly string[], password: string | undefined, sudo: string, data = '') {
  const command = asRoot(words, mark, password);
  const script = `sudo() { ${sudo}; }\n${command.words.join(' ')}`;
  const { stdout, stderr, code } = await runProcess(['sh', '-c', script], {
    input: command.password + command.afterReady + data,
    okCodes: [0, 1, 3],
  });
  const lines = stderr.split('\n').filter((line) => line !== '');
  return {
    stdout,
    code,
    ready: lines.filter(command.isReady).length,
    others: lines.filter((line) => !command.isReady(line)),
  };
}
const shiftOptions = 'while [ "$1" != -- ]; do shift; done; shift';
const runIt = `${shiftOptions}; "$@"`;
const readIt = `IFS= read -r given; [ "$given" = sesame ] || return 1; ${runIt}`;

describe('asRoot', () => {
  it('has sudo’s options in Morph’s form', () => {
    expect(asRoot(['id'], mark, undefined).words.slice(0, 6)).toEqual(['sudo', '-n', '-p', "''", '-k', '--']);
    expect(asRoot(['id'], mark, 'x').words.slice(0, 6)).toEqual(['sudo', '-S', '-p', "''", '-k', '--']);
  });

  it('says when it is root, and passes on words, data and exit code', async () => {
    expect(await run(['sh', '-c', "'cat; exit 3'"], undefined, runIt, 'data')).toEqual({
      stdout: 'data',
      code: 3,
      ready: 1,
      others: [],
    });
  });

  it.each([
    ['reads the password', readIt],
    ['needs none and reads nothing', runIt],
  ])('keeps the password from the command when sudo %s', async (_, sudo) => {
    expect(await run(['cat'], 'sesame', sudo, 'data\nmore')).toMatchObject({
      stdout: 'data\nmore',
      ready: 1,
    });
  });

  it('has no password in its words', () => {
    expect(asRoot(['id'], mark, 'sesame').words.join(' ')).not.toContain('sesame');
  });

  it('is not ready when sudo refuses', async () => {
    expect(await run(['cat'], 'wrong', readIt)).toMatchObject({ stdout: '', code: 1, ready: 0 });
  });
});
