import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { drainStderr, stderrTag } from './stderr-loop.ts';
import type { StoreLog } from './store.ts';
import { WireEncoder } from './wire-encoder.ts';
import { WireReader } from './wire-reader.ts';

function field(encoder: WireEncoder, value: string | number | bigint): void {
  if (typeof value === 'string') encoder.u64(1).string(value);
  else encoder.u64(0).u64(value);
}

function result(
  encoder: WireEncoder,
  id: bigint,
  type: number,
  fields: readonly (string | number | bigint)[],
): void {
  encoder.u64(stderrTag.result).u64(id).u64(type).u64(fields.length);
  for (const value of fields) field(encoder, value);
}

async function drain(encoder: WireEncoder, chunk = 7, listen = true): Promise<StoreLog[]> {
  const bytes = encoder.take();
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunk) chunks.push(bytes.subarray(at, at + chunk));
  const logs: StoreLog[] = [];
  const reader = new WireReader(Readable.from(chunks, { objectMode: false }));
  await (listen ? drainStderr(reader, (log) => logs.push(log)) : drainStderr(reader));
  expect(await reader.string()).toBe('the result');
  return logs;
}

function all(): WireEncoder {
  const encoder = new WireEncoder();
  const id = 2n ** 53n + 1n;
  encoder.u64(stderrTag.next).string('hello\n');
  encoder.u64(stderrTag.startActivity).u64(id).u64(3).u64(105).string('building');
  encoder.u64(2);
  field(encoder, '/nix/store/x.drv');
  field(encoder, 1);
  encoder.u64(5n);
  result(encoder, id, 101, ['a line']);
  result(encoder, id, 104, ['buildPhase']);
  result(encoder, id, 105, [1, 2, 3, 2n ** 64n - 1n]);
  result(encoder, id, 106, [101, 0]);
  result(encoder, id, 101, [7]);
  encoder.u64(stderrTag.write).string('old export');
  encoder.u64(stderrTag.stopActivity).u64(id);
  encoder.u64(stderrTag.last).string('the result');
  return encoder;
}

describe('drainStderr', () => {
  it('tells all that a daemon can say, in order', async () => {
    const id = '9007199254740993';
    expect(await drain(all())).toEqual([
      { type: 'text', text: 'hello' },
      {
        type: 'activity-started',
        id,
        level: 3,
        activity: 105,
        text: 'building',
        fields: ['/nix/store/x.drv', 1],
        parent: '5',
      },
      { type: 'build-log-line', id, line: 'a line' },
      { type: 'phase', id, phase: 'buildPhase' },
      { type: 'progress', id, done: 1, expected: 2, running: 3, failed: Number.MAX_SAFE_INTEGER },
      { type: 'result', id, result: 106, fields: [101, 0] },
      { type: 'result', id, result: 101, fields: [7] },
      { type: 'activity-stopped', id },
    ] satisfies StoreLog[]);
  });

  it('stays in step when nobody listens', async () => {
    expect(await drain(all(), 1000, false)).toEqual([]);
  });

  it('throws what the daemon refused, with its traces, without colours', async () => {
    const encoder = new WireEncoder().u64(stderrTag.error).string('Error').u64(0).string('Error');
    encoder.string('\u001b[31;1merror:\u001b[0m cannot add \u001b[35;1mx\u001b[0m\n').u64(0);
    encoder.u64(2).u64(0).string('while one').u64(0).string('while \u001b[1mtwo\u001b[0m');
    await expect(drain(encoder)).rejects.toMatchObject({
      code: 'store.refused',
      message: 'cannot add x\nwhile one\nwhile two',
    });
  });

  it('names a tag that does not exist, and a field type', async () => {
    await expect(drain(new WireEncoder().u64(0x1234))).rejects.toMatchObject({
      code: 'store.protocol',
      message: 'the stream is out of step: 0x1234 is no tag of a log message',
    });
    const encoder = new WireEncoder().u64(stderrTag.result).u64(1).u64(101).u64(1).u64(9);
    await expect(drain(encoder)).rejects.toThrow('9 is no type of a log field');
    await expect(drain(new WireEncoder().u64(stderrTag.read).u64(10))).rejects.toThrow('asks for data');
  });
});
