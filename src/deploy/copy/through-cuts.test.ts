import { describe, expect, it } from 'vitest';
import { AppError } from '../../util/app-error.ts';
import { throughCuts } from './through-cuts.ts';

const copied = { paths: 1, bytes: 2, substituted: 0 };
const cut = (): AppError => new AppError('store.unreachable', 'web: the connection broke');

/** Copies as `tries` say, one after the other: an error is thrown, after a line where it is `[error, line]`. */
async function copy(tries: readonly (Error | readonly [Error, string] | undefined)[], patienceMs?: number) {
  const lines: string[] = [];
  let resets = 0;
  let done = 0;
  const session = {
    reset: async () => {
      resets += 1;
    },
  };
  const signal = AbortSignal.timeout(20_000);
  const result = await throughCuts(
    session,
    async ({ onLine }) => {
      const now = tries[done];
      done += 1;
      if (now === undefined) return copied;
      const [error, line] = now instanceof Error ? [now] : now;
      if (line !== undefined) onLine(line);
      throw error;
    },
    { signal, onLine: (line) => lines.push(line), emit: () => {} },
    patienceMs,
  ).catch((error: unknown) => error);
  return { result, lines, resets, done };
}

describe('copying through cuts', () => {
  it('logs in anew and does the rest', async () => {
    const { result, lines, resets } = await copy([cut(), undefined]);

    expect(result).toBe(copied);
    expect(resets).toBe(1);
    expect(lines).toEqual(['the connection was lost; trying to reach it again']);
  });

  it('gives up what fails for another reason', async () => {
    const full = new AppError('deploy.no-space', 'web ran out of space');

    expect(await copy([full])).toMatchObject({ result: full, resets: 0, done: 1 });
  });

  it('gives up a host that stays away', async () => {
    const gone = cut();

    expect(await copy([gone, gone, gone], -1)).toMatchObject({ result: gone, done: 1 });
  });

  it('takes the patience anew whenever the host was there', async () => {
    const { result, done } = await copy([[cut(), 'building a'], [cut(), 'building b'], undefined], 200);

    expect(result).toBe(copied);
    expect(done).toBe(3);
  });
});
