import { readlink } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { parsePublicKey } from '../../src/nix/public-key.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { proteus, startProteus } from '../helpers/proteus.ts';
import { makeFolder, writeNetwork } from '../helpers/write-network.ts';

describe('proteus cache serve', () => {
  it('serves what was built, to a stock client that has only the public key', async () => {
    const folder = await makeFolder();
    const secret = path.join(folder, 'secret');
    const publicKey = (await proteus(['key', 'generate', 'cache-1', '--secret', secret])).stdout.trim();
    const file = await writeNetwork({ web01: '{ environment.note = [ "served" ]; }' }, { folder });
    const built = (await proteus(['build', file])).stdout.trim();
    const toplevel = await readlink(path.join(built, 'web01'));
    await using server = await startProteus([
      'cache',
      'serve',
      '--key',
      secret,
      '--listen',
      '127.0.0.1:0',
      '--json',
    ]);
    const [line = ''] = await firstLines(server.stdout, 1);
    const { url } = JSON.parse(line) as { readonly url: string }; // our own event
    const copy = (key: string): Promise<{ readonly code: number; readonly stderr: string }> =>
      runProcess(
        [
          ...(['nix', '--extra-experimental-features', 'nix-command', 'copy', '--from', url] as const),
          ...['--to', path.join(folder, key.slice(0, 5)), toplevel],
          ...['--option', 'require-sigs', 'true', '--option', 'trusted-public-keys', key],
        ],
        { okCodes: [0, 1] },
      );

    const info = await (await fetch(`${url}/${path.basename(toplevel).slice(0, 32)}.narinfo`)).text();
    const taken = await copy(publicKey);
    const refused = await copy('other-1:joJTYbc3EVonYyzyr4or+CCr+BGLe5lRRcsDC87Zee4=');

    expect(parsePublicKey(publicKey).name).toBe('cache-1');
    expect(info).toMatch(/^Sig: cache-1:/m);
    expect(taken).toMatchObject({ code: 0 });
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/lacks a (?:valid )?signature|not signed/),
    });
    process.kill(server.pid, 'SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
  });

  it('tells the lines that clients need', async () => {
    const secret = path.join(await makeFolder(), 'secret');
    const publicKey = (await proteus(['key', 'generate', 'cache-1', '--secret', secret])).stdout.trim();
    await using server = await startProteus(['cache', 'serve', '--key', secret, '--listen', '127.0.0.1:0']);

    const lines = (await firstLines(server.stderr, 4)).join('\n');

    expect(lines).toMatch(/serving the store at http:\/\/127\.0\.0\.1:\d+/);
    expect(lines).toContain(`extra-trusted-public-keys = ${publicKey}`);
  });

  it('serves with several processes, replaces one that is killed, and ends them all', async () => {
    const secret = path.join(await makeFolder(), 'secret');
    await proteus(['key', 'generate', 'cache-1', '--secret', secret]);
    await using server = await startProteus([
      ...['cache', 'serve', '--key', secret, '--listen', '127.0.0.1:0', '--workers', '3', '--json'],
    ]);
    const [line = ''] = await firstLines(server.stdout, 1);
    const { url } = JSON.parse(line) as { readonly url: string }; // our own event
    const workers = async (): Promise<readonly number[]> => {
      const { stdout } = await runProcess(['pgrep', '-P', String(server.pid), '-f', 'cache-worker'], {
        okCodes: [0, 1],
      });
      return stdout.split('\n').filter(Boolean).map(Number);
    };
    const ask = async (): Promise<readonly number[]> => {
      const answers = await Promise.all(
        Array.from({ length: 30 }, () =>
          fetch(`${url}/nix-cache-info`, { headers: { connection: 'close' } }),
        ),
      );
      return [...new Set(answers.map(({ status }) => status))];
    };
    await expect.poll(workers).toHaveLength(3);
    expect(await ask()).toEqual([200]);

    const [first = 0, ...others] = await workers();
    process.kill(first, 'SIGKILL');
    await expect.poll(async () => (await workers()).includes(first)).toBe(false);
    await expect.poll(workers, { timeout: 20_000 }).toHaveLength(3);
    expect(await workers()).toEqual(expect.arrayContaining(others));
    await expect.poll(() => ask().catch(() => []), { timeout: 20_000 }).toEqual([200]);

    process.kill(server.pid, 'SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  it('takes its processes with it when it is killed', async () => {
    const secret = path.join(await makeFolder(), 'secret');
    await proteus(['key', 'generate', 'cache-1', '--secret', secret]);
    await using server = await startProteus([
      ...['cache', 'serve', '--key', secret, '--listen', '127.0.0.1:0', '--workers', '2', '--json'],
    ]);
    const [line = ''] = await firstLines(server.stdout, 1);
    const { url } = JSON.parse(line) as { readonly url: string }; // our own event
    process.kill(server.pid, 'SIGKILL');
    await server.exited;

    await expect
      .poll(() =>
        fetch(url).then(
          () => 'answers',
          () => 'gone',
        ),
      )
      .toBe('gone');
  });

  it.each(['0', '-1', 'two'])('wants a number of processes, not %s', async (count) => {
    const { code, stderr } = await proteus(['cache', 'serve', '--workers', count]);

    expect(code).toBe(2);
    expect(stderr).toContain(`got '${count}'`);
  });

  it('does not start without a key', async () => {
    const { code, stderr } = await proteus(['cache', 'serve', '--listen', '127.0.0.1:0']);

    expect(code).toBe(1);
    expect(stderr).toContain('key');
  });
});

async function firstLines(stream: NodeJS.ReadableStream, count: number): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: stream })) {
    lines.push(line);
    if (lines.length === count) break;
  }
  return lines;
}
