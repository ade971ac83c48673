import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isOnPath, startProcess } from './start-process.ts';
import { isAlive } from './testing/is-alive.ts';

async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await delay(10);
}

async function firstLine(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += chunk.toString();
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
}

describe('startProcess', () => {
  it('gives standard input and output as streams, and the exit code', async () => {
    await using child = await startProcess(['sh', '-c', 'read line; echo "got $line"; exit 7']);

    child.stdin.end('hello\n');

    expect(await firstLine(child.stdout)).toBe('got hello');
    expect(await child.exited).toEqual({ code: 7, signal: null });
  });

  it('says which program is missing', async () => {
    await expect(startProcess(['no-such-program-here'])).rejects.toMatchObject({
      code: 'process.missing',
      message: 'the program no-such-program-here is not installed, or not on PATH',
    });
  });

  it('says which folder is missing', async () => {
    await expect(startProcess(['true'], { cwd: '/no/such/folder' })).rejects.toMatchObject({
      code: 'process.failed',
      message: expect.stringContaining('the folder /no/such/folder does not exist'),
    });
  });

  it('does not start at all when the signal has fired', async () => {
    await expect(startProcess(['true'], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'interrupted',
    });
  });

  it('ends what the process itself started, too', async () => {
    const child = await startProcess(['sh', '-c', 'sleep 1000 & echo $!; wait']);
    const grandchild = Number(await firstLine(child.stdout));
    expect(isAlive(grandchild)).toBe(true);

    await child.kill();

    await untilGone(grandchild);
  });

  it('is killed when it does not heed the gentle signal', async () => {
    const child = await startProcess(['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.05; done'], {
      killAfterMs: 50,
    });
    await firstLine(child.stdout);

    await child.kill();

    expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('ends when the signal fires', async () => {
    const abort = new AbortController();
    await using child = await startProcess(['sleep', '1000'], { signal: abort.signal });

    abort.abort();

    expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('ends at the end of an await using block', async () => {
    let pid = 0;
    {
      await using child = await startProcess(['sleep', '1000']);
      pid = child.pid;
    }

    expect(isAlive(pid)).toBe(false);
  });

  it('dies with Proteus, also when that is killed without warning', async () => {
    const script = `
      import { startProcess } from '${import.meta.dirname}/start-process.ts';
      const child = await startProcess(['sleep', '1000']);
      console.log(child.pid);
      setInterval(() => {}, 1000);
    `;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = Number(await firstLine(parent.stdout));
    expect(isAlive(pid)).toBe(true);

    parent.kill('SIGKILL');
    await once(parent, 'exit');

    await untilGone(pid);
  });

  it('does not wait for output that nobody reads any more', async () => {
    const child = await startProcess(['sh', '-c', 'head -c 1000000 /dev/zero; sleep 1000']);
    await once(child.stdout, 'readable');
    child.stdout.on('readable', () => {});

    await child.kill();

    expect((await child.exited).signal).toBe('SIGTERM');
  });

  it('does not wait for one that left its group and holds the pipes open', async () => {
    const child = await startProcess(['sh', '-c', 'setsid sleep 1000 & sleep 0.1; echo $!; wait']);
    const stray = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));

    await child.kill();

    expect((await child.exited).signal).toBe('SIGTERM');
    process.kill(stray, 'SIGKILL');
  });

  it('survives a child that goes away while it is written to', async () => {
    await using child = await startProcess(['true']);
    await child.exited;

    child.stdin.write('x'.repeat(1_000_000));
    await delay(20);

    expect((await child.exited).code).toBe(0);
  });
});

describe('isOnPath', () => {
  it('looks in every folder of PATH', () => {
    expect(isOnPath('sh', '/nowhere:/bin')).toBe(true);
    expect(isOnPath('sh', '/nowhere')).toBe(false);
  });

  it('takes a name with a slash as a file', () => {
    expect(isOnPath('/bin/sh')).toBe(existsSync('/bin/sh'));
    expect(isOnPath('/no/such')).toBe(false);
  });
});
