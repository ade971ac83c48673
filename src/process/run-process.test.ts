import { describe, expect, it } from 'vitest';
import { runProcess } from './run-process.ts';

describe('runProcess', () => {
  it('gives what was printed', async () => {
    const result = await runProcess(['sh', '-c', 'cat; echo err >&2'], { input: 'in' });

    expect(result).toEqual({ stdout: 'in', stderr: 'err\n', code: 0 });
  });

  it('names the command, the exit code and the last lines of a failure', async () => {
    await expect(runProcess(['sh', '-c', 'echo first >&2; echo last >&2; exit 3'])).rejects.toMatchObject({
      code: 'process.failed',
      message: expect.stringMatching(/^sh -c .* ended with exit code 3:\nfirst\nlast$/),
    });
  });

  it('keeps only the last twenty lines', async () => {
    const failure = runProcess(['sh', '-c', 'for i in $(seq 100); do echo "line $i" >&2; done; exit 1']);

    await expect(failure).rejects.toThrow(/:\nline 81\n[\s\S]*line 100$/);
  });

  it('takes the exit codes that the caller expects', async () => {
    const result = await runProcess(['sh', '-c', 'exit 4'], { okCodes: [0, 4] });

    expect(result.code).toBe(4);
  });

  it('says which signal ended it', async () => {
    await expect(runProcess(['sh', '-c', 'kill -9 $$'])).rejects.toThrow(/was killed by SIGKILL/);
  });

  it('ends a program that takes too long', async () => {
    await expect(runProcess(['sleep', '1000'], { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'process.timeout',
      message: 'sleep 1000 did not end within 30 ms',
    });
  });

  it('rejects as interrupted when the signal fires', async () => {
    const abort = new AbortController();
    const running = runProcess(['sleep', '1000'], { signal: abort.signal });
    abort.abort();

    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('keeps UTF-8 that is split between chunks whole', async () => {
    const result = await runProcess(['sh', '-c', String.raw`printf '\303'; sleep 0.05; printf '\251'`]);

    expect(result.stdout).toBe('é');
  });

  it('shows of a very long command only how it begins', async () => {
    const script = `exit 3 # ${'long '.repeat(200)}`;
    const failed = runProcess(['sh', '-c', script]);
    await expect(failed).rejects.toThrow(/^sh -c exit 3 # (long )+[long]* … ended with exit code 3$/);
    await expect(failed).rejects.toSatisfy((error: Error) => error.message.length < 450);
  });
});
