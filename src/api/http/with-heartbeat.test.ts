import { describe, expect, it } from 'vitest';
import { withHeartbeat } from './with-heartbeat.ts';

/** Items that come when a test sends them. */
function source() {
  let next = Promise.withResolvers<string | undefined>();
  let returned = 0;
  const items: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        const value = await next.promise;
        next = Promise.withResolvers();
        return value === undefined ? { done: true, value } : { done: false, value };
      },
      return: async () => {
        returned += 1;
        return { done: true, value: undefined };
      },
    }),
  };
  return { items, send: (item?: string) => next.resolve(item), returned: () => returned };
}

describe('withHeartbeat', () => {
  it('passes items on, with signs of life while none comes, and loses none meanwhile', async () => {
    const { items, send, returned } = source();
    const beats = withHeartbeat(items, 1, new AbortController().signal);

    expect((await beats.next()).value).toBe('heartbeat');
    expect((await beats.next()).value).toBe('heartbeat');
    send('a');
    let { value } = await beats.next();
    while (value === 'heartbeat') value = (await beats.next()).value;
    expect(value).toBe('a');
    send();
    let last = await beats.next();
    while (last.value === 'heartbeat') last = await beats.next();
    expect(last.done).toBe(true);
    expect(returned()).toBe(1);
  });

  it('lets the source go when nobody wants more', async () => {
    const { items, returned } = source();
    const beats = withHeartbeat(items, 1, new AbortController().signal);
    await beats.next();
    await beats.return();

    expect(returned()).toBe(1);
  });

  it('fails as the source does', async () => {
    const items = {
      async *[Symbol.asyncIterator](): AsyncGenerator<string> {
        yield 'a';
        throw new Error('broken');
      },
    };
    const beats = withHeartbeat(items, 1000, new AbortController().signal);
    await beats.next();

    await expect(beats.next()).rejects.toThrow('broken');
  });
});
