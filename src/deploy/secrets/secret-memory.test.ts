import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { secretOf } from '../testing/secret-of.ts';
import { createSecretMemory } from './secret-memory.ts';

const { signal } = new AbortController();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('createSecretMemory', () => {
  it('has the bytes of files, programs and texts', async () => {
    await using memory = createSecretMemory();
    const source = join(folder, 'a');
    await writeFile(source, Buffer.from([0, 255, 10]));
    expect([...(await memory.contentOf('a', secretOf({ source }), signal))]).toEqual([0, 255, 10]);
    const command = ['printf', '\\001\\377'];
    expect([...(await memory.contentOf('b', secretOf({ command }), signal))]).toEqual([1, 255]);
    expect(Buffer.from(await memory.contentOf('c', secretOf({ text: 'ä' }), signal)).toString()).toBe('ä');
  });

  it('fetches once what many want, and anew what failed', async () => {
    await using memory = createSecretMemory();
    const count = join(folder, 'count');
    const spec = secretOf({ command: ['sh', '-c', `echo x >> ${count}; [ -e ${folder}/ready ] && echo pw`] });
    await expect(memory.contentOf('a', spec, signal)).rejects.toMatchObject({
      code: 'deploy.secret-source',
      message: 'the secret a: sh ended with exit code 1',
    });
    await writeFile(join(folder, 'ready'), '');
    const [one, other] = await Promise.all([1, 2].map(() => memory.contentOf('a', spec, signal)));
    expect(one).toBe(other);
    expect(Buffer.from(one ?? []).toString()).toBe('pw\n');
    expect(await readFile(count, 'utf8')).toBe('x\nx\n');
  });

  it('overwrites what it knew', async () => {
    const memory = createSecretMemory();
    const content = await memory.contentOf('a', secretOf({ text: 'pw' }), signal);
    await memory[Symbol.asyncDispose]();
    expect([...content]).toEqual([0, 0]);
  });

  it('says why there is none, and nothing of what there was', async () => {
    await using memory = createSecretMemory();
    const reason = (change: Parameters<typeof secretOf>[0]): Promise<string> =>
      memory.contentOf('db', secretOf(change), signal).then(
        () => 'none',
        (error: Error) => error.message,
      );
    expect(await reason({ source: '/none/b.txt' })).toBe(
      'the secret db: open /none/b.txt: no such file or directory',
    );
    expect(await reason({ source: folder })).toContain('EISDIR');
    expect(await reason({ command: [] })).toBe('the secret db: its command is empty');
    expect(await reason({ command: ['sh', '-c', 'echo half; echo locked >&2; exit 2'] })).toBe(
      'the secret db: sh ended with exit code 2:\nlocked',
    );
    expect(await reason({})).toContain('wanted one of source, command, text and age, got none');
    expect(await reason({ source: '/a', text: 'b' })).toContain('got file and text');
    expect(await reason({ age: { file: '/a.age' } })).toContain('nobody said with which identity file');
  });

  it('runs nothing where that is not allowed', async () => {
    await using memory = createSecretMemory({ allow: ['text'] });
    await expect(
      memory.contentOf('db', secretOf({ command: ['touch', join(folder, 'ran')] }), signal),
    ).rejects.toThrow('the secret db: it comes from: command; allowed here: text');
    await expect(readFile(join(folder, 'ran'))).rejects.toThrow('ENOENT');
  });

  it('is waited for no longer than wanted', async () => {
    await using memory = createSecretMemory();
    const ending = new AbortController();
    const waiting = memory.contentOf('a', secretOf({ command: ['sleep', '100'] }), ending.signal);
    ending.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'interrupted' });
  });
});
