import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FramedWriter } from './framed-writer.ts';
import { WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

async function framesOf(write: (framed: FramedWriter) => Promise<void>): Promise<Buffer[]> {
  const stream = new PassThrough();
  const writer = new WireWriter(stream);
  const reader = new WireReader(stream);
  const sending = (async () => {
    const framed = new FramedWriter(writer);
    await write(framed);
    await framed.end();
    stream.end();
  })();
  const frames: Buffer[] = [];
  for (let length = await reader.u64(); length > 0; length = await reader.u64()) {
    frames.push(await reader.bytes(length));
  }
  await sending;
  await expect(reader.u64()).rejects.toThrow('closed');
  return frames;
}

describe('FramedWriter', () => {
  it('carries the bytes that it was given, whatever the pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 200_000 })), {
          maxLength: 12,
        }),
        async (sizes) => {
          const pieces = sizes.map((size, index) => Buffer.alloc(size, index + 1));
          const frames = await framesOf(async (framed) => {
            for (const piece of pieces) await framed.send(piece);
          });
          expect(Buffer.concat(frames).equals(Buffer.concat(pieces))).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('collects small pieces into one frame and lets large ones be their own', async () => {
    const frames = await framesOf(async (framed) => {
      framed.u64(1).string('name');
      for (let i = 0; i < 10; i++) await framed.send(Buffer.alloc(100));
      await framed.send(Buffer.alloc(100_000));
      await framed.send(Buffer.alloc(3));
    });
    expect(frames.map((frame) => frame.length)).toEqual([24 + 1000, 100_000, 3]);
  });

  it('is only the end when there is nothing', async () => {
    expect(await framesOf(async () => {})).toEqual([]);
  });
});
