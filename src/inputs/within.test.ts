import { describe, expect, it } from 'vitest';
import { within } from './within.ts';

/** Work that ends when it is told to, as all work here does. */
const endless = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const end = (): void => reject(new Error('stopped'));
    if (signal.aborted) end();
    signal.addEventListener('abort', end);
  });

describe('within', () => {
  it('gives what the work gives', async () => {
    expect(await within(1000, 'work', undefined, async () => 7)).toBe(7);
    await expect(
      within(1000, 'work', undefined, async () => {
        throw new Error('mine');
      }),
    ).rejects.toThrow('mine');
  });

  it('says what took too long', async () => {
    await expect(within(10, 'fetching x', new AbortController().signal, endless)).rejects.toMatchObject({
      code: 'input.fetch',
      message: 'fetching x did not end within 0.01 seconds',
    });
  });

  it('is interrupted rather than too late', async () => {
    const stop = new AbortController();
    const work = within(1000, 'fetching x', stop.signal, endless);
    stop.abort();

    await expect(work).rejects.toMatchObject({ code: 'interrupted', message: 'interrupted: fetching x' });
  });
});
