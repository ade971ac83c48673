import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { samplePath } from '../../../test/store/sample-info.ts';
import type { BuildResult } from '../store.ts';
import { WireEncoder } from '../wire-encoder.ts';
import { WireReader } from '../wire-reader.ts';
import { readBuildResult } from './build-result.ts';

const outputs = new Map([
  [
    `sha256:${'a'.repeat(64)}!out`,
    JSON.stringify({ id: 'x', outPath: samplePath(1).slice(11), signatures: [] }),
  ],
]);

async function read(encoder: WireEncoder, minor: number): Promise<BuildResult> {
  const reader = new WireReader(Readable.from([encoder.string('the end').take()], { objectMode: false }));
  const result = await readBuildResult(reader, minor);
  expect(await reader.string()).toBe('the end');
  return result;
}

function head(status: number, message = ''): WireEncoder {
  return new WireEncoder().u64(status).string(message).u64(1).u64(0).u64(100).u64(200);
}

describe('readBuildResult', () => {
  it.each([32, 34, 36])('reads the form of version 1.%i', async (minor) => {
    expect(await read(head(0).map(outputs), minor)).toEqual({
      status: 'built',
      errorMessage: '',
      startTime: 100,
      stopTime: 200,
      builtOutputs: new Map([['out', samplePath(1)]]),
    });
  });

  it.each([37, 38])('passes over the CPU times of version 1.%i, which may be there or not', async (minor) => {
    const encoder = head(3, '\u001b[31mfailed\u001b[0m\n')
      .u64(1)
      .u64(2n ** 64n - 5n)
      .u64(0)
      .map([]);
    expect(await read(encoder, minor)).toMatchObject({
      status: 'permanent-failure',
      errorMessage: 'failed',
      builtOutputs: new Map(),
    });
  });

  it('takes a status it does not know for a failure', async () => {
    expect((await read(head(14).map([]), 34)).status).toBe('no-substituters');
    expect((await read(head(77).map([]), 34)).status).toBe('misc-failure');
  });

  it.each(['{', '{}', '{"outPath":"../x"}', '[]'])('refuses the output %s', async (json) => {
    await expect(read(head(0).map([['id!out', json]]), 34)).rejects.toMatchObject({
      code: 'store.protocol',
      message: `a built output that cannot be read: ${json}`,
    });
  });
});
