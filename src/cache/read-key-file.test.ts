import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateSecretKey, printSecretKey } from '../nix/signing-key.ts';
import { readKeyFile } from './read-key-file.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'proteus-key-'));
});
afterEach(() => rm(dir, { recursive: true }));

const key = generateSecretKey('cache-1');

/** Reads a file of this content and mode; gives the key, or the error, and the warnings. */
async function read(content: string, mode = 0o600) {
  const path = join(dir, 'secret');
  await writeFile(path, content);
  await chmod(path, mode);
  const warnings: string[] = [];
  const result = await readKeyFile(path, (message) => warnings.push(message)).catch((error: Error) => error);
  return { path, warnings, result };
}

describe('readKeyFile', () => {
  it.each(['', '\n'])('reads a key that ends with %j', async (end) => {
    const { result, warnings } = await read(printSecretKey(key) + end);
    expect(result).toMatchObject({ name: 'cache-1' });
    expect(result).not.toBeInstanceOf(Error);
    expect(warnings).toEqual([]);
  });

  it.each([0o640, 0o604, 0o660])('warns of mode %o, and reads it all the same', async (mode) => {
    const { result, warnings, path } = await read(printSecretKey(key), mode);
    expect(result).toMatchObject({ name: 'cache-1' });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`has mode 0${mode.toString(8)}`);
    expect(warnings[0]).toContain(`chmod 0600 ${path}`);
  });

  it('says which file holds no key, without quoting it', async () => {
    const { result, path } = await read('cache-1:c2VjcmV0IHRoaW5n');
    expect(result).toMatchObject({ code: 'cache.key-invalid' });
    const message = result instanceof Error ? result.message : '';
    expect(message).toContain(`${path} holds no secret key`);
    expect(message).not.toContain('c2VjcmV0');
  });

  it('says which file cannot be read', async () => {
    const path = join(dir, 'absent');
    await expect(readKeyFile(path, () => {})).rejects.toMatchObject({
      code: 'cache.key-invalid',
      message: expect.stringContaining(`cannot read the secret key ${path}: ENOENT`),
    });
  });
});
