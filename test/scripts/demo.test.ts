import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ProcessResult, runProcess } from '../../src/process/run-process.ts';
import type { Argv } from '../../src/process/start-process.ts';
import { emulateAarch64 } from '../lab/emulation.ts';

const demo = path.join(import.meta.dirname, '../../scripts/demo.ts');
const inLab = path.join(import.meta.dirname, '../../scripts/in-lab');
const start: Argv = [process.execPath, '--disable-warning=ExperimentalWarning', demo];

/**
 * As scripts/demo runs it, once everything is installed: in a world of its own, with an empty store.
 *
 * `told` is what was printed when it ends badly: then it has the reason, and is to be seen with the failed test.
 */
async function runDemo(argv: Argv): Promise<ProcessResult & { readonly told: string }> {
  const result = await runProcess(argv, { okCodes: [0, 1] });
  return { ...result, told: result.code === 0 ? '' : result.stdout };
}

describe('the demonstration', () => {
  it('tells the whole story and ends well', async ({ skip }) => {
    await using emulation = await emulateAarch64().catch(() => null);
    if (emulation === null) skip('this kernel cannot be taught to run aarch64 programs');

    const { stdout, told, stderr, code } = await runDemo([inLab, ...start]);

    expect({ code, stderr, told }).toEqual({ code: 0, stderr: '', told: '' });
    expect(stdout).toMatch(/^built +db01, eiffel, web01$/m);
    expect(stdout).toMatch(/^eiffel was built by +an aarch64 program/m);
    expect(stdout).toMatch(/^client with the key +took eiffel’s closure, \d+ paths$/m);
    expect(stdout).toMatch(/^client with another key +refused$/m);
    expect(stdout).toMatch(/\ndemo: ok\n$/);
  });

  it('goes on without eiffel, and says why, where aarch64 cannot be emulated', async ({ skip }) => {
    await using emulation = await emulateAarch64().catch(() => null);
    if (emulation?.how === 'found' || emulation?.how === 'native')
      skip('aarch64 programs run here in any case');
    await emulation?.[Symbol.asyncDispose]();
    // The same machine without the emulator.
    const hide =
      'mkdir -p /nix/var/usr/upper /nix/var/usr/work && ' +
      'mount -t overlay -o lowerdir=/usr/bin,upperdir=/nix/var/usr/upper,workdir=/nix/var/usr/work overlay /usr/bin && ' +
      'rm -f /usr/bin/qemu-aarch64*';
    const without: Argv = [inLab, 'sh', '-c', `${hide} && exec "$@"`, 'sh', ...start];

    const { stdout, told, stderr, code } = await runDemo(without);

    expect({ code, stderr, told }).toEqual({ code: 0, stderr: '', told: '' });
    expect(stdout).toMatch(/wants aarch64-linux; no builder has it/);
    expect(stdout).toMatch(/^error: eiffel: not built: /m);
    expect(stdout).toMatch(/^built +db01, web01$/m);
    expect(stdout).toMatch(/eiffel was left out/);
    expect(stdout).toMatch(/\ndemo: ok\n$/);
  });
});
