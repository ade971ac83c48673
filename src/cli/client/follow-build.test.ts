import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { AppError } from '../../util/app-error.ts';
import { followBuild } from './follow-build.ts';

const step = (number: number, status: number | null) => ({ number, status, hasLog: true });

interface ServerOptions {
  /** The build that its events are of. */
  readonly of?: number;
  readonly refusal?: AppError;
}

/** A server whose build is in each of these states in turn. An event is sent whenever somebody asks why it waits. */
function serverOf(states: readonly object[], { of = 7, refusal }: ServerOptions = {}) {
  const interrupt = new AbortController();
  const shown: number[] = [];
  const waits: string[] = [];
  let looks = 0;
  let listening = 0;
  let send = (): void => {};
  const client = {
    async get<T>(path: string, _schema: z.ZodType<T>): Promise<T> {
      if (interrupt.signal.aborted) throw new AppError('interrupted', 'interrupted');
      if (path.endsWith('/why')) {
        setImmediate(send);
        return { sentence: looks < 3 ? 'It waits.' : 'It waits for another.' } as T; // as the schema has it
      }
      const state = states[Math.min(looks, states.length - 1)];
      looks += 1;
      return { drvPath: 'own', steps: [], finished: false, ...state } as T; // as the schema has it
    },
    async open(_path: string, _headers?: object, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
      if (refusal !== undefined) throw refusal;
      listening += 1;
      return new ReadableStream<Uint8Array>({
        start(controller) {
          const event = { type: 'ci.step.ended', build: of, step: 1, drvPath: '/x', status: 0 };
          send = () => {
            if (!signal?.aborted) controller.enqueue(Buffer.from(`data: ${JSON.stringify(event)}\n\n`));
          };
          signal?.addEventListener('abort', () => {
            listening -= 1;
            controller.error(signal.reason);
          });
        },
      });
    },
  };
  const follow = (only?: number): Promise<number> =>
    followBuild(7, {
      client,
      signal: interrupt.signal,
      step: only,
      show: async ({ number }) => void shown.push(number),
      onWait: (why) => waits.push(why),
    });
  return { follow, shown, waits, interrupt, isHeard: () => listening > 0, looks: () => looks };
}

describe('followBuild', () => {
  it('says why there is no log yet, once for each reason, shows what comes, and ends with the build', async () => {
    const server = serverOf([
      {},
      {},
      {},
      { steps: [step(1, null)] },
      { steps: [step(1, 0), step(2, 1)], finished: true },
    ]);

    expect(await server.follow()).toBe(2);
    expect(server.shown).toEqual([1, 2]);
    expect(server.waits).toEqual(['It waits.', 'It waits for another.']);
    expect(server.isHeard()).toBe(false);
  });

  it('passes over what ended before, and shows what ends while another is shown', async () => {
    const server = serverOf([
      { steps: [step(1, 0), step(2, null)] },
      { steps: [step(1, 0), step(2, 0), step(3, 0), step(4, null)] },
      { steps: [step(1, 0), step(2, 0), step(3, 0), step(4, 0)], finished: true },
    ]);

    expect(await server.follow()).toBe(3);
    expect(server.shown).toEqual([2, 3, 4]);
  });

  it('shows nothing of a build that had nothing to run', async () => {
    expect(await serverOf([{ finished: true }]).follow()).toBe(0);
  });

  it('ends with the step that was asked for, and waits for it only while the build goes on', async () => {
    const server = serverOf([{ steps: [step(1, null)] }, { steps: [step(1, 0), step(2, null)] }]);
    expect(await server.follow(2)).toBe(1);
    expect(server.shown).toEqual([2]);

    expect(await serverOf([{}, { steps: [step(1, 0)], finished: true }]).follow(2)).toBe(0);
  });

  it('does not look again because of other builds, and ends when it is interrupted', async () => {
    const server = serverOf([{}], { of: 8 });
    const following = server.follow();
    setTimeout(() => server.interrupt.abort(), 20);

    await expect(following).rejects.toMatchObject({ code: 'interrupted' });
    // The second look is because the events are heard only since then.
    expect(server.looks()).toBe(2);
    expect(server.isHeard()).toBe(false);
  });

  it('ends with what the server refuses', async () => {
    const refusal = new AppError('api.forbidden', 'a token is wanted');

    await expect(serverOf([{}], { refusal }).follow()).rejects.toBe(refusal);
  });
});
