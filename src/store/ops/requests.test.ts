/** The bytes of requests whose effect a test with a real daemon cannot tell from another. */

import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { samplePath } from '../../../test/store/sample-info.ts';
import type { BasicDerivation } from '../../nix/derivation.ts';
import type { Request } from '../request.ts';
import { WireEncoder } from '../wire-encoder.ts';
import { WireReader } from '../wire-reader.ts';
import { buildDerivation } from './build.ts';
import { collectGarbage } from './gc.ts';
import { addIndirectRoot, addPermRoot } from './roots.ts';

function written(request: Request<unknown>): WireReader {
  const encoder = new WireEncoder();
  request.write(encoder);
  return new WireReader(Readable.from([encoder.take()], { objectMode: false }));
}

describe('buildDerivation', () => {
  it('sends outputs without a path as empty, and strings byte for byte', async () => {
    const drv: BasicDerivation = {
      outputs: new Map([['out', { path: undefined, hashAlgorithm: 'r:sha256', hash: '' }]]),
      inputSources: [samplePath(2)],
      platform: 'x86_64-linux',
      builder: '/bin/sh',
      args: ['-c', 'a\udcffb'],
      env: new Map([['key', 'value']]),
    };
    const reader = written(buildDerivation(samplePath(1), drv, 'check'));
    expect(await reader.string()).toBe(samplePath(1));
    expect(await reader.u64()).toBe(1);
    for (const text of ['out', '', 'r:sha256', '']) expect(await reader.string()).toBe(text);
    expect(await reader.strings()).toEqual([samplePath(2)]);
    expect([await reader.string(), await reader.string()]).toEqual(['x86_64-linux', '/bin/sh']);
    expect(await reader.list(() => reader.stringBytes())).toEqual([
      Buffer.from('-c'),
      Buffer.from([0x61, 0xff, 0x62]),
    ]);
    expect(await reader.map(() => reader.string())).toEqual(new Map([['key', 'value']]));
    expect(await reader.u64()).toBe(2);
  });
});

describe('collectGarbage', () => {
  it.each([
    [{ action: 'return-live' }, 0, [], (2n ** 64n - 1n).toString()],
    [{ action: 'delete-dead', maxFreed: 5 }, 2, [], '5'],
    [{ action: 'delete-specific', paths: [samplePath(1)] }, 3, [samplePath(1)], (2n ** 64n - 1n).toString()],
  ] as const)('never ignores liveness: %o', async (request, action, paths, limit) => {
    const reader = written(collectGarbage(request));
    expect(await reader.u64()).toBe(action);
    expect(await reader.strings()).toEqual(paths);
    expect(await reader.bool()).toBe(false);
    expect(await reader.decimal()).toBe(limit);
    for (let i = 0; i < 3; i++) expect(await reader.u64()).toBe(0);
    await expect(reader.u64()).rejects.toThrow('closed');
  });
});

describe('roots', () => {
  it('must be absolute, for the daemon has a folder of its own', () => {
    expect(() => written(addIndirectRoot('result'))).toThrow('a root must be an absolute path, got "result"');
    expect(() => written(addPermRoot(samplePath(1), './x'))).toThrow('a root must be an absolute path');
  });
});
