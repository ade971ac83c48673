import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { infoOfNar } from '../../../test/store/sample-info.ts';
import { writeRefusal } from '../../../test/store/scripted-daemon.ts';
import { directoryStart, entryStart, narMagic, nodeEnd, symlinkNode } from '../../nix/nar-tokens.ts';
import { WireEncoder } from '../wire-encoder.ts';
import { WireReader } from '../wire-reader.ts';
import { narFromPath } from './nar-from-path.ts';

const head = Buffer.concat([narMagic, directoryStart, entryStart('link'), symlinkNode('there'), nodeEnd]);
const nar = Buffer.concat([head, nodeEnd]);
const info = infoOfNar(1, nar);

/** Reads the NAR of `info` off the bytes, which come in chunks of `size`. */
async function read(bytes: Uint8Array, size: number) {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(Buffer.from(bytes.subarray(at, at + size)));
  const reader = new WireReader(Readable.from(chunks, { objectMode: false }));
  const pieces: Uint8Array[] = [];
  for await (const piece of await narFromPath(info).read(reader, 38)) pieces.push(piece);
  return { nar: Buffer.concat(pieces), rest: reader };
}

describe('narFromPath', () => {
  it('ends where the NAR ends, and leaves what comes after', async () => {
    for (const size of [1, 7, 8, 50, 10_000]) {
      const { nar: got, rest } = await read(
        Buffer.concat([nar, new WireEncoder().string('next').take()]),
        size,
      );
      expect(got.equals(nar)).toBe(true);
      expect(await rest.string()).toBe('next');
    }
  });

  it('notices a refusal in the middle, however it is cut', async () => {
    const refusal = writeRefusal(new WireEncoder(), 'reading file: Input/output error');
    const refused = Buffer.concat([head, refusal.take()]);
    for (let size = 1; size < 40; size++) {
      await expect(read(refused, size)).rejects.toMatchObject({
        code: 'store.refused',
        message: 'reading file: Input/output error',
      });
    }
    await expect(read(refused, 10_000)).rejects.toThrow('Input/output error');
  });

  it('refuses what is no NAR, or one of another size', async () => {
    await expect(read(new WireEncoder().string('something else').take(), 8)).rejects.toMatchObject({
      code: 'nix.nar-invalid',
    });
    const longer = Buffer.concat([head, entryStart('more'), symlinkNode('x'), nodeEnd, nodeEnd]);
    await expect(read(longer, 10_000)).rejects.toMatchObject({
      code: 'store.corrupt',
      message: `the NAR of ${info.path} has ${longer.length} bytes, where the store says ${nar.length}`,
    });
    await expect(read(longer, 64)).rejects.toThrow('has at least');
    const shorter = Buffer.concat([narMagic, directoryStart, nodeEnd]);
    await expect(read(shorter, 10_000)).rejects.toThrow(`has ${shorter.length} bytes`);
  });
});
