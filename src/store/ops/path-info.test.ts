import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleInfo, samplePath } from '../../../test/store/sample-info.ts';
import { WireEncoder } from '../wire-encoder.ts';
import { WireReader } from '../wire-reader.ts';
import { queryPathInfo, readStorePath, readUnkeyedPathInfo, writePathInfo } from './path-info.ts';

function reading(encoder: WireEncoder): WireReader {
  return new WireReader(Readable.from([encoder.take()], { objectMode: false }));
}

describe('path info', () => {
  it('is read as it was written', async () => {
    const path = fc.nat(1_000_000).map(samplePath);
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          path,
          deriver: fc.option(path, { nil: undefined }),
          narHash: fc.string({ unit: fc.constantFrom('0', '9', 'a', 'f'), minLength: 64, maxLength: 64 }),
          narSize: fc.maxSafeNat(),
          references: fc.uniqueArray(path).map((paths) => paths.sort()),
          registrationTime: fc.nat(),
          ultimate: fc.boolean(),
          signatures: fc.array(fc.constantFrom('a-1:xx', 'b-1:yy')),
          contentAddress: fc.constantFrom('', 'fixed:r:sha256:xx'),
        }),
        async (info) => {
          const encoder = new WireEncoder();
          writePathInfo(encoder, info);
          const reader = reading(encoder);
          expect(await readUnkeyedPathInfo(reader, await readStorePath(reader))).toEqual(info);
        },
      ),
    );
  });

  it('may be unknown', async () => {
    const request = queryPathInfo(samplePath(1));
    expect(await request.read(reading(new WireEncoder().u64(0)), 38)).toBeUndefined();
    expect(request.what).toBe(`looking up ${samplePath(1)}`);
  });

  it('takes a hash with its prefix, and no other form', async () => {
    const written = (narHash: string): WireReader => {
      const encoder = new WireEncoder();
      writePathInfo(encoder, sampleInfo(1, { narHash }));
      return reading(encoder);
    };
    const read = async (reader: WireReader) => readUnkeyedPathInfo(reader, await readStorePath(reader));
    expect((await read(written(`sha256:${'0'.repeat(64)}`))).narHash).toBe('0'.repeat(64));
    await expect(read(written('md5:00'))).rejects.toMatchObject({ code: 'store.protocol' });
  });

  it('refuses what is no store path', async () => {
    await expect(readStorePath(reading(new WireEncoder().string('/etc/passwd')))).rejects.toMatchObject({
      code: 'store-path.invalid',
    });
  });
});
