import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { generateSecretKey, printSecretKey } from '../../nix/signing-key.ts';
import { dataDirectory } from './data-directory.ts';
import { openSigningKeys } from './open-signing-keys.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'keys-'));
});
afterEach(() => rm(root, { recursive: true }));

const open = (files: readonly string[] = []) =>
  openSigningKeys({
    files,
    directory: dataDirectory(root),
    hostName: 'ci',
    warn: (text) => expect.fail(text),
  });

it('makes a key at the first start and keeps it', async () => {
  const first = await open();
  const second = await open();

  expect(first.made).toBe(path.join(root, 'keys/cache.secret'));
  expect((await stat(path.join(root, 'keys/cache.secret'))).mode & 0o777).toBe(0o600);
  expect(first.keys.map(({ name }) => name)).toEqual(['ci-1']);
  expect(second.made).toBeUndefined();
  expect(second.keys[0]?.publicKey.bytes).toEqual(first.keys[0]?.publicKey.bytes);
});

it('takes the keys of the configuration and makes none', async () => {
  const file = path.join(root, 'own.secret');
  await writeFile(file, printSecretKey(generateSecretKey('own-7')), { mode: 0o600 });

  const { keys, made } = await open([file]);

  expect(keys.map(({ name }) => name)).toEqual(['own-7']);
  expect(made).toBeUndefined();
  await expect(stat(path.join(root, 'keys'))).rejects.toMatchObject({ code: 'ENOENT' });
});

it('names the file that holds no key', async () => {
  await expect(open([path.join(root, 'missing')])).rejects.toMatchObject({
    code: 'cache.key-invalid',
    message: expect.stringContaining(path.join(root, 'missing')),
  });
});
