import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { createNarThreads } from './create-nar-threads.ts';

const threads = createNarThreads(1);
afterAll(() => threads[Symbol.asyncDispose]());

describe('a job that has failed', () => {
  it('says so when it is asked, and to nobody who does not ask yet', async () => {
    const unheard: unknown[] = [];
    const listen = (error: unknown): void => void unheard.push(error);
    process.on('unhandledRejection', listen);
    using session = threads.open({ kind: 'check', compression: 'none', maxNarBytes: 1e6 });

    const first = session.push(
      new Uint8Array(Buffer.from('this is no NAR at all, and long enough to see it')),
    );
    await expect(session.end()).rejects.toMatchObject({ code: 'cache.upload-refused' });
    await first.catch(() => {});
    const later = session.push(new Uint8Array([1]));
    // As while the next piece of input is waited for.
    await sleep(20);

    process.off('unhandledRejection', listen);
    expect(unheard).toEqual([]);
    await expect(later).rejects.toMatchObject({ code: 'cache.upload-refused' });
  });
});
