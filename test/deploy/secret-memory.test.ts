import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSecretMemory } from '../../src/deploy/secrets/secret-memory.ts';
import { secretOf } from '../../src/deploy/testing/secret-of.ts';
import { runProcess } from '../../src/process/run-process.ts';

const { signal } = new AbortController();
let folder: string;
let identity: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'age-'));
  identity = join(folder, 'identity');
  file = join(folder, 'secret.age');
  const { stderr } = await runProcess(['age-keygen', '-o', identity]);
  const recipient = stderr.trim().split(' ').at(-1) ?? '';
  await writeFile(join(folder, 'plain'), Buffer.from([0, 255, 10]));
  await runProcess(['age', '--encrypt', '--recipient', recipient, '--output', file, join(folder, 'plain')]);
});
afterAll(() => rm(folder, { recursive: true }));

describe('a secret encrypted with age', () => {
  it('is decrypted with the identity it names, or that of whoever deploys', async () => {
    await using memory = createSecretMemory();
    expect([...(await memory.contentOf('a', secretOf({ age: { file, identity } }), signal))]).toEqual([
      0, 255, 10,
    ]);
    await using other = createSecretMemory({ ageIdentity: identity });
    expect((await other.contentOf('a', secretOf({ age: { file } }), signal)).length).toBe(3);
  });

  it('is none with the wrong identity, in the words of age', async () => {
    const wrong = join(folder, 'wrong');
    await runProcess(['age-keygen', '-o', wrong]);
    await using memory = createSecretMemory({ ageIdentity: wrong });
    await expect(memory.contentOf('db', secretOf({ age: { file } }), signal)).rejects.toMatchObject({
      code: 'deploy.secret-source',
      message: expect.stringMatching(/^the secret db: age ended with exit code 1:\nage: error: no identity/),
    });
  });
});
