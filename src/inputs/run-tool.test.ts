import { describe, expect, it } from 'vitest';
import { runTool } from './run-tool.ts';

const env = { PATH: process.env.PATH };

describe('runTool', () => {
  it('gives what was printed, however it ended', async () => {
    expect(await runTool(['sh', '-c', 'echo out; echo err >&2'], { env })).toEqual({
      ok: true,
      stdout: 'out\n',
      complaint: 'err',
    });
    expect(await runTool(['sh', '-c', 'exit 3'], { env })).toEqual({
      ok: false,
      stdout: '',
      complaint: 'sh ended with exit code 3',
    });
    expect((await runTool(['sh', '-c', 'kill -9 $$'], { env })).complaint).toBe('sh ended with SIGKILL');
  });

  it('passes on what programs find their credentials by, and nothing else of ours', async () => {
    const { stdout } = await runTool(['env'], {
      env: {
        ...env,
        HOME: '/h',
        SSH_AUTH_SOCK: '/s',
        DATABASE_PASSWORD: 'secret',
        GIT_DIR: '/g',
        GIT_ASKPASS: '/a',
      },
      alsoPass: ['GIT_ASKPASS'],
      variables: { MORE: '1' },
    });

    const lines = stdout
      .trim()
      .split('\n')
      .filter((line) => !/^(?:PWD|SHLVL|_)=/.test(line));
    expect(lines.sort()).toEqual([
      'GIT_ASKPASS=/a',
      'HOME=/h',
      'LC_ALL=C',
      'MORE=1',
      `PATH=${env.PATH}`,
      'SSH_AUTH_SOCK=/s',
    ]);
  });

  it('tells the last lines only, without colours and without passwords', async () => {
    const script = String.raw`for i in $(seq 30); do echo "line $i" >&2; done
      printf 'at 10%%\rat 90%%\r\033[31mfatal:\033[m cannot read https://me:secret@example.org/x\n' >&2; exit 1`;
    const { complaint } = await runTool(['sh', '-c', script], { env });

    expect(complaint).toMatch(/^line 24\n[\s\S]*\nat 90%\nfatal: cannot read https:\/\/example.org\/x$/);
  });

  it('ends a program that prints without end', async () => {
    await expect(runTool(['yes'], { env })).rejects.toMatchObject({
      code: 'input.fetch',
      message: 'yes printed more than 33554432 bytes',
    });
  });

  it('is interrupted', async () => {
    const stop = new AbortController();
    const running = runTool(['sleep', '1000'], { env, signal: stop.signal });
    stop.abort();

    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('says which program is missing', async () => {
    await expect(runTool(['no-such-program'], { env })).rejects.toMatchObject({ code: 'process.missing' });
  });
});
