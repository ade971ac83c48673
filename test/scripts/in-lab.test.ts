import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import { startProcess } from '../../src/process/start-process.ts';

const inLab = join(import.meta.dirname, '../../scripts/in-lab');

/** Command lines of all processes that hold the text. */
async function running(text: string): Promise<string[]> {
  const { stdout } = await runProcess(['ps', '-e', '-o', 'args=']);
  return stdout.split('\n').filter((line) => line.includes(text));
}

describe('scripts/in-lab', () => {
  it('passes on arguments, input, output and exit status', async () => {
    const result = await runProcess([inLab, 'sh', '-c', 'cat; echo "$1" >&2; exit 7', 'sh', 'a  b'], {
      input: 'from outside',
      okCodes: [7],
    });
    expect(result).toEqual({ stdout: 'from outside', stderr: 'a  b\n', code: 7 });
  });

  it('has an empty store, sandboxed builds, a network and processes of its own', async () => {
    await runProcess(['mkdir', '-p', '/nix/store/outside']);
    const { stdout } = await runProcess([
      inLab,
      'bash',
      '-c',
      'ls /nix/store; ip -oneline link | wc -l; ps -e -o args= | wc -l; nix show-config | grep ^sandbox',
    ]);
    const [links, processes, sandbox] = stdout.split('\n');
    expect(links).toBe('1');
    // lab-init, the shell, ps, and wc that reads from it.
    expect(Number(processes)).toBe(4);
    expect(sandbox).toBe('sandbox = true');
    await runProcess(['rmdir', '/nix/store/outside']);
  });

  it('shares the network when asked', async () => {
    const names = async (...prefix: string[]) =>
      (await runProcess([...prefix, 'cat', '/proc/net/dev'] as unknown as [string])).stdout.match(
        /^ *\w+:/gm,
      );
    expect(await names(inLab, '--host-network')).toEqual(await names('env'));
  });

  it('hands SIGTERM to the command and waits for its end', async () => {
    const script = 'trap "echo got it; exit 3" TERM; echo up; while :; do sleep 0.05; done';
    await using lab = await startProcess([inLab, 'bash', '-c', script]);
    const output = lab.stdout[Symbol.asyncIterator]();
    expect(String((await output.next()).value)).toBe('up\n');
    process.kill(lab.pid, 'SIGTERM');
    expect(String((await output.next()).value)).toBe('got it\n');
    expect(await lab.exited).toEqual({ code: 3, signal: null });
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)('leaves nothing behind after %s', async (signal) => {
    const before = await readdir('/nix/var');
    const seconds = signal === 'SIGKILL' ? '98761' : '98762';
    const lab = await startProcess([inLab, 'sh', '-c', `sleep ${seconds} & echo up; wait`]);
    await new Promise((resolve) => lab.stdout.once('data', resolve));
    expect(await running(`sleep ${seconds}`)).not.toEqual([]);
    process.kill(lab.pid, signal);
    await lab.exited;
    expect(await running(`sleep ${seconds}`)).toEqual([]);
    expect(await readdir('/nix/var')).toEqual(before);
  });

  it('is not deaf to an interrupt of the whole group, as from a terminal', async () => {
    await using lab = await startProcess([inLab, 'sh', '-c', 'echo up; exec sleep 98763']);
    await new Promise((resolve) => lab.stdout.once('data', resolve));
    process.kill(-lab.pid, 'SIGINT');
    expect(await lab.exited).toEqual({ code: 130, signal: null });
  });

  it('says how it is used', async () => {
    await expect(runProcess([inLab])).rejects.toThrow('usage: scripts/in-lab [--host-network] COMMAND');
    // Through standard input, because nobody else need be able to read the repository.
    const asNobody = ['setpriv', '--reuid', '65534', '--clear-groups', 'bash', '-s', 'true'] as const;
    await expect(runProcess(asNobody, { input: await readFile(inLab) })).rejects.toThrow(
      'in-lab: needs root',
    );
  });
});
