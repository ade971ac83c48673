import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { infoOfNar } from '../../test/store/sample-info.ts';
import { verifyNar } from './verify-nar.ts';

async function collect(chunks: AsyncIterable<Uint8Array>, into: Uint8Array[] = []): Promise<Buffer> {
  for await (const chunk of chunks) into.push(chunk);
  return Buffer.concat(into);
}

describe('verifyNar', () => {
  it('passes on the NAR that was promised', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1 })), async (chunks) => {
        const nar = Buffer.concat(chunks);
        expect((await collect(verifyNar(infoOfNar(1, nar), chunks))).equals(nar)).toBe(true);
      }),
    );
  });

  it('never gives all of a NAR whose content is another', async () => {
    const chunks = [Buffer.from('first'), Buffer.from('second')];
    const info = infoOfNar(1, Buffer.from('firstSECOND'));
    const got: Uint8Array[] = [];
    await expect(collect(verifyNar(info, chunks), got)).rejects.toMatchObject({
      code: 'store.corrupt',
      message: expect.stringMatching(
        /sample-1 is damaged: its NAR has the hash sha256:[0-9a-f]{64}, where sha256:/,
      ),
    });
    expect(Buffer.concat(got).toString()).toBe('first');
  });

  it('refuses one that is too short, and one that is too long without reading all of it', async () => {
    const info = infoOfNar(1, Buffer.alloc(10));
    await expect(collect(verifyNar(info, [Buffer.alloc(9)]))).rejects.toThrow(
      'its NAR has 9 bytes, where 10 were promised',
    );
    let read = 0;
    const endless = (function* () {
      for (;;) {
        read += 1;
        yield Buffer.alloc(4);
      }
    })();
    const got: Uint8Array[] = [];
    await expect(collect(verifyNar(info, endless), got)).rejects.toThrow('at least 12 bytes, where 10');
    expect(read).toBe(3);
    expect(Buffer.concat(got).length).toBe(8);
  });
});
