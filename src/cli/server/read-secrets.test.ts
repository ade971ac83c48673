import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSecrets } from './read-secrets.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'secrets-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  await writeFile(path.join(folder, name), text);
  return path.join(folder, name);
}

it('takes one secret from each file, without the newline at its end', async () => {
  expect(await readSecrets([await file('a', 'hush \n'), await file('b', 'two\nlines')])).toEqual([
    'hush ',
    'two\nlines',
  ]);
});

it('refuses a file without a secret, which anybody could sign with', async () => {
  await expect(readSecrets([await file('empty', '\n')])).rejects.toMatchObject({ code: 'config.invalid' });
  await expect(readSecrets([path.join(folder, 'none')])).rejects.toThrow(
    `cannot read the secret in ${folder}/none`,
  );
});
