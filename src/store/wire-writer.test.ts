import { PassThrough, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { WireWriter } from './wire-writer.ts';

describe('WireWriter', () => {
  it('sends nothing before it is flushed, then all of it at once', async () => {
    const chunks: Buffer[] = [];
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    const writer = new WireWriter(stream);
    writer.u64(1).string('two').strings(['three']);
    expect(chunks).toEqual([]);
    await writer.flush();
    expect(chunks.length).toBe(1);
    expect(chunks[0]?.length).toBe(8 + 16 + 8 + 16);
    await writer.flush();
    expect(chunks.length).toBe(1);
  });

  it('sends bytes after what was collected, without copying them', async () => {
    const chunks: Buffer[] = [];
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    const writer = new WireWriter(stream);
    const bytes = Buffer.from('bytes');
    await writer.u64(1).send(bytes);
    expect(chunks.map((chunk) => chunk.length)).toEqual([8, 5]);
    expect(chunks[1]?.buffer).toBe(bytes.buffer);
  });

  it('waits while the other end does not keep up', async () => {
    const stream = new PassThrough({ highWaterMark: 10 });
    const writer = new WireWriter(stream);
    let done = false;
    const sending = writer.send(Buffer.alloc(100)).then(() => {
      done = true;
    });
    await turn();
    expect(done).toBe(false);
    stream.resume();
    await sending;
    expect(done).toBe(true);
  });

  it('fails while waiting when the stream closes, and ever after', async () => {
    const stream = new PassThrough({ highWaterMark: 10 });
    const writer = new WireWriter(stream);
    const sending = writer.send(Buffer.alloc(100));
    stream.destroy(new Error('pipe broke'));
    await expect(sending).rejects.toMatchObject({
      code: 'store.unreachable',
      message: 'the connection broke: pipe broke',
    });
    await expect(writer.u64(1).flush()).rejects.toBe(writer.closed);
    await expect(writer.u64(1).send(Buffer.alloc(1))).rejects.toBe(writer.closed);
  });
});
