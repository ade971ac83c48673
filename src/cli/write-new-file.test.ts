import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeNewFile } from './write-new-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'new-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('writes the file and its folder, with the mode asked for and nothing beside it', async () => {
  const file = path.join(folder, 'keys/secret');

  await writeNewFile(file, 'hush', 0o600);

  expect(await readFile(file, 'utf8')).toBe('hush');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(path.dirname(file))).toEqual(['secret']);
});

it('never writes over a file', async () => {
  const file = path.join(folder, 'there');
  await writeNewFile(file, 'first', 0o600);

  await expect(writeNewFile(file, 'second', 0o600)).rejects.toMatchObject({
    code: 'key.file',
    message: `cannot write ${file}: it exists already`,
  });
  expect(await readFile(file, 'utf8')).toBe('first');
});

it('says why it cannot', async () => {
  const file = path.join(folder, 'there', 'below-a-file');

  await expect(writeNewFile(file, 'x', 0o600)).rejects.toMatchObject({
    code: 'key.file',
    message: expect.stringContaining(`cannot write ${file}: E`),
  });
});
