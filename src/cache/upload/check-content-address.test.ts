import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatHash, type HashAlgorithm } from '../../nix/hash.ts';
import { makeFixedOutputPath, makeTextPath } from '../../nix/make-store-path.ts';
import { encodeNar } from '../../nix/nar-writer.ts';
import { parseStorePath, type StorePath, storePathHash } from '../../nix/store-path.ts';
import { sha256 } from '../testing/test-site.ts';
import { checkContentAddress } from './check-content-address.ts';
import { hashModulo } from './hash-modulo.ts';

const lib = parseStorePath(`/nix/store/${'0'.repeat(32)}-lib`);
const narOf = (text: string, executable = false): Buffer =>
  Buffer.concat([...encodeNar({ type: 'regular', contents: Buffer.from(text), executable })]);
const hashOf = (algorithm: HashAlgorithm, bytes: Uint8Array) => ({
  algorithm,
  bytes: new Uint8Array(createHash(algorithm).update(bytes).digest()),
});

async function check(
  path: StorePath,
  contentAddress: string,
  nar: Buffer,
  references: readonly StorePath[] = [],
): Promise<void> {
  await checkContentAddress({ path, contentAddress, narHash: sha256(nar), references }, async function* () {
    for (let at = 0; at < nar.length; at += 7) yield new Uint8Array(nar.subarray(at, at + 7));
  });
}

describe('checkContentAddress', () => {
  it('proves texts, with what they refer to', async () => {
    const hash = hashOf('sha256', Buffer.from('hello'));
    const path = makeTextPath('hello.drv', hash, [lib]);
    const address = `text:${formatHash(hash, 'nix32')}`;
    await check(path, address, narOf('hello'), [lib]);

    await expect(check(path, address, narOf('hello'))).rejects.toThrow('that is the address of');
    await expect(check(path, address, narOf('other'), [lib])).rejects.toThrow('its content has sha256:');
    await expect(check(path, address, narOf('hello', true), [lib])).rejects.toThrow('not a single file');
    await expect(check(path, address, narOf('hello'), [lib, path])).rejects.toThrow('cannot refer to itself');
  });

  it.each(['md5', 'sha1', 'sha256', 'sha512'] as const)(
    'proves files and trees by their %s',
    async (algorithm) => {
      const nar = narOf('hello');
      const flat = hashOf(algorithm, Buffer.from('hello'));
      const whole = hashOf(algorithm, nar);
      const flatPath = makeFixedOutputPath({ name: 'x', method: 'flat', hash: flat });
      const narPath = makeFixedOutputPath({ name: 'x', method: 'nar', hash: whole });
      await check(flatPath, `fixed:${formatHash(flat, 'nix32')}`, nar);
      await check(narPath, `fixed:r:${formatHash(whole, 'nix32')}`, nar);

      await expect(
        check(flatPath, `fixed:${formatHash(flat, 'nix32')}`, narOf('other')),
      ).rejects.toMatchObject({
        code: 'cache.upload-refused',
      });
      await expect(check(narPath, `fixed:r:${formatHash(whole, 'nix32')}`, narOf('other'))).rejects.toThrow(
        'its content has',
      );
      await expect(check(narPath, `fixed:${formatHash(flat, 'nix32')}`, nar)).rejects.toThrow(
        'that is the address of',
      );
    },
  );

  it.each([0, 1] as const)(
    'proves trees that refer to themselves, as either kind of Nix has it',
    async (kind) => {
      // The hash is of the content with the path left out, so any path serves to make it.
      const draft = parseStorePath(`/nix/store/${'1'.repeat(32)}-self`);
      const modulo = hashModulo('sha256', storePathHash(draft));
      modulo.update(narOf(`I am ${draft}`));
      const hash = { algorithm: 'sha256', bytes: modulo.digests()[kind] } as const;
      const path = makeFixedOutputPath({ name: 'self', method: 'nar', hash, references: [lib], self: true });
      const address = `fixed:r:${formatHash(hash, 'nix32')}`;
      await check(path, address, narOf(`I am ${path}`), [lib, path]);

      await expect(check(path, address, narOf(`I am ${draft}`), [lib, path])).rejects.toThrow(
        'its content has',
      );
      await expect(check(path, address, narOf(`I am ${path}`), [lib])).rejects.toThrow(
        'that is the address of',
      );
    },
  );

  it.each([
    '',
    'x',
    'text:sha1:00mbh8j3h8265iw60x7521i1mnif36ax',
    'fixed:git:sha1:x',
    'fixed:r:sha256:short',
  ])('refuses the form %j', async (address) => {
    await expect(check(lib, address, narOf('x'))).rejects.toThrow('wanted text:sha256:');
  });
});
