import { PassThrough, Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireEncoder } from './wire-encoder.ts';
import { WireReader } from './wire-reader.ts';

function reading(bytes: Uint8Array, size = bytes.length): WireReader {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(Buffer.from(bytes.subarray(at, at + size)));
  return new WireReader(Readable.from(chunks, { objectMode: false }));
}

describe('WireReader', () => {
  it('reads what WireEncoder wrote, however it is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            number: fc.maxSafeNat(),
            big: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
            text: fc.string({ unit: 'grapheme' }),
            list: fc.array(fc.string()),
            map: fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { noNullPrototype: true }),
            flag: fc.boolean(),
          }),
        ),
        fc.integer({ min: 1, max: 40 }),
        async (items, size) => {
          const encoder = new WireEncoder();
          for (const item of items) {
            encoder.u64(item.number).u64(item.big).string(item.text).strings(item.list);
            encoder.map(Object.entries(item.map)).bool(item.flag);
          }
          const reader = reading(encoder.take(), size);
          for (const item of items) {
            expect(await reader.u64()).toBe(item.number);
            expect(await reader.decimal()).toBe(item.big.toString());
            expect(await reader.string()).toBe(Buffer.from(item.text).toString());
            expect(await reader.strings()).toEqual(item.list.map((text) => Buffer.from(text).toString()));
            expect(Object.fromEntries(await reader.map(() => reader.string()))).toEqual(item.map);
            expect(await reader.bool()).toBe(item.flag);
          }
          await expect(reader.u64()).rejects.toMatchObject({ code: 'store.unreachable' });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('refuses padding that is not zero', async () => {
    const bytes = new WireEncoder().string('abc').take();
    bytes[14] = 1;
    await expect(reading(bytes).string()).rejects.toThrow('padding is not zero');
  });

  it('refuses numbers beyond 2^53, and lengths beyond reason, before waiting for as many bytes', async () => {
    await expect(reading(new WireEncoder().u64(2n ** 53n).take()).u64()).rejects.toThrow(
      'makes no sense: 9007199254740992',
    );
    await expect(reading(new WireEncoder().u64(2 ** 40).take()).string()).rejects.toMatchObject({
      code: 'store.protocol',
      message: expect.stringContaining('1099511627776 bytes'),
    });
    await expect(reading(new WireEncoder().string('too long').take()).string(7)).rejects.toThrow('8 bytes');
    await expect(reading(new WireEncoder().u64(2 ** 50).take()).strings()).rejects.toThrow('a list of');
  });

  it('says that the stream has ended in the middle of something, and keeps saying so', async () => {
    const reader = reading(Buffer.from([1, 2, 3]));
    await expect(reader.u64()).rejects.toMatchObject({
      code: 'store.unreachable',
      message: 'the connection was closed',
    });
    await expect(reader.u64()).rejects.toBe(reader.ended);
  });

  it('tells why the stream broke', async () => {
    const stream = new PassThrough();
    const reader = new WireReader(stream);
    const wanted = reader.u64();
    stream.destroy(new Error('cable cut'));
    await expect(wanted).rejects.toThrow('the connection broke: cable cut');
  });

  it('hands out what has arrived already without copying it', async () => {
    const chunk = new WireEncoder().string('01234567').u64(7).take();
    const reader = reading(chunk);
    await reader.more();
    const bytes = await reader.stringBytes();
    expect(bytes.buffer).toBe((await reader.bytes(8)).buffer);
  });

  it('holds the sender back while nothing is read, and goes on after that', async () => {
    const stream = new PassThrough({ highWaterMark: 64 * 1024 });
    const reader = new WireReader(stream);
    const piece = Buffer.alloc(64 * 1024, 7);
    let sent = 0;
    for (let full = 0; full < 20; full++) {
      if (stream.writableNeedDrain) await turn();
      else sent += stream.write(piece) ? 1 : 1;
    }
    expect(stream.writableNeedDrain).toBe(true);
    expect(sent * piece.length).toBeLessThan(1024 * 1024);
    for (let left = sent * piece.length; left > 0; ) left -= (await reader.chunk(left)).length;
    await turn();
    expect(stream.writableNeedDrain).toBe(false);
  });

  it('puts back what does not belong to what was read', async () => {
    const reader = reading(Buffer.from('abcdefghijklmnop'), 6);
    await reader.bytes(1);
    const chunk = await reader.chunk();
    expect(chunk.toString()).toBe('bcdef');
    reader.unread(chunk.subarray(2));
    expect(reader.peek(3).toString()).toBe('def');
    expect((await reader.bytes(8)).toString()).toBe('defghijk');
    reader.unread(Buffer.from('XY'));
    expect((await reader.bytes(5)).toString()).toBe('XYlmn');
  });
});
