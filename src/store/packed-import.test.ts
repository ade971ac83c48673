import { PassThrough } from 'node:stream';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { addPacked } from './packed-import.ts';
import { stderrTag } from './stderr-loop.ts';
import type { Transport } from './transport.ts';
import { WireEncoder } from './wire-encoder.ts';

const greeting = () =>
  new WireEncoder()
    .u64(0x6478696f)
    .u64(256 + 38)
    .u64(stderrTag.last);

/** The other machine: what it answers once all has come, or at once; what it says when it has gone. */
function machine(answer: Uint8Array | undefined, said = '') {
  const input = new PassThrough();
  const output = new PassThrough();
  const received: Buffer[] = [];
  output.on('data', (chunk: Buffer) => received.push(chunk));
  const end = async (): Promise<void> => {
    input.end();
    output.destroy();
  };
  const transport: Transport = { input, output, diagnostics: async () => said, close: end, destroy: end };
  if (answer === undefined) input.end();
  return {
    transport,
    received: () => Buffer.concat(received).toString('latin1'),
    answer: () => input.write(answer),
  };
}

async function* frames(texts: readonly string[], atEnd: () => void = () => {}) {
  for (const text of texts) yield zstdCompressSync(text);
  atEnd();
}

describe('addPacked', () => {
  it('says how long each part is, and waits for an answer to every path', async () => {
    const there = machine(greeting().u64(stderrTag.last).u64(stderrTag.last).take());
    const packed = frames(['one', 'two'], there.answer);
    expect(await addPacked(there.transport, { name: 'web01', count: 2, packed })).toBe(true);
    const received = there.received();
    const length = Number.parseInt(received, 10);
    expect(received).toHaveLength(`${length}\n`.length + length);
  });

  it('is false where nothing can be unpacked', async () => {
    const there = machine(undefined, 'proteus: no zstd here');
    expect(await addPacked(there.transport, { name: 'web01', count: 1, packed: frames(['x']) })).toBe(false);
  });

  it('says what a daemon refuses, and where', async () => {
    const refusal = greeting().u64(stderrTag.error).string('Error').u64(0).string('Error');
    const there = machine(refusal.string('error: no signature').u64(0).u64(0).take());
    const packed = frames(['x'], there.answer);
    await expect(addPacked(there.transport, { name: 'web01', count: 3, packed })).rejects.toMatchObject({
      code: 'store.refused',
      message: 'web01, adding 3 paths: no signature',
    });
  });

  it('says what was printed when the connection broke', async () => {
    const there = machine(undefined, 'Connection closed by remote host');
    await expect(
      addPacked(there.transport, { name: 'web01', count: 1, packed: frames(['x']) }),
    ).rejects.toMatchObject({
      code: 'store.unreachable',
      message: 'web01, adding 1 paths: the connection was closed\nConnection closed by remote host',
    });
  });

  it('takes no answer before all was sent, and ends with the signal', async () => {
    const early = machine(greeting().u64(stderrTag.last).take());
    const never = async function* () {
      early.answer();
      yield zstdCompressSync('x');
      await new Promise(() => {});
    };
    await expect(
      addPacked(early.transport, { name: 'web01', count: 1, packed: never() }),
    ).rejects.toMatchObject({ code: 'store.protocol' });
    const ending = new AbortController();
    const there = machine(greeting().take());
    const packed = frames(['x'], () => ending.abort());
    await expect(
      addPacked(there.transport, { name: 'web01', count: 1, packed, signal: ending.signal }),
    ).rejects.toMatchObject({ code: 'interrupted' });
  });
});
