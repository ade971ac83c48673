import { describe, expect, it } from 'vitest';
import { readBody } from './read-body.ts';

function request(pieces: Iterable<Uint8Array>, headers: Record<string, string> = {}) {
  const iterator = pieces[Symbol.iterator]();
  let taken = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = iterator.next();
      if (done === true) return controller.close();
      taken += value.length;
      controller.enqueue(value);
    },
  });
  return {
    request: new Request('http://localhost/', { method: 'POST', body, headers, duplex: 'half' }),
    taken: () => taken,
  };
}

function* pieces(count: number, size: number): Generator<Uint8Array> {
  for (let n = 0; n < count; n += 1) yield new Uint8Array(size).fill(65);
}

describe('readBody', () => {
  it('reads all of it', async () => {
    const { request: whole } = request(pieces(10, 100));

    expect((await readBody(whole)).toString()).toBe('A'.repeat(1000));
    expect(await readBody(new Request('http://localhost/'))).toEqual(Buffer.alloc(0));
    expect((await readBody(request(pieces(1, 1000)).request, 1000)).length).toBe(1000);
  });

  it('stops reading when it is too much, whatever was announced', async () => {
    for (const headers of [{}, { 'Content-Length': '10' }] as const) {
      const endless = request(pieces(1_000_000, 65_536), headers);
      await expect(readBody(endless.request)).rejects.toMatchObject({
        code: 'api.too-large',
        message: 'wanted a body of at most 1.0 MiB, got a larger one',
      });
      expect(endless.taken()).toBeLessThan(2 * 1024 * 1024);
    }
  });

  it('reads nothing of what is announced as too much', async () => {
    const announced = request(pieces(1, 10), { 'Content-Length': '1048577' });

    await expect(readBody(announced.request)).rejects.toMatchObject({ code: 'api.too-large' });
  });
});
