import { describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import { aarch64BusyboxDir, emulateAarch64 } from './emulation.ts';

const foreign = process.arch !== 'arm64';
const uname = () => runProcess([`${aarch64BusyboxDir()}/busybox`, 'uname', '-m']);

describe('emulateAarch64', () => {
  it('runs aarch64 programs, also inside a sandboxed build, until it is disposed of', async () => {
    const emulation = await emulateAarch64();
    expect((await uname()).stdout).toBe('aarch64\n');
    const expression = `derivation {
      name = "machine"; system = "aarch64-linux"; builder = "\${${aarch64BusyboxDir()}}/busybox";
      args = [ "sh" "-c" "uname -m | sed s/^/machine:/ | awk '{ print }' | sort > $out" ];
    }`;
    const build = ['nix-build', '--no-out-link', '-E', expression] as const;
    const { stdout } = await runProcess([...build, '--option', 'extra-platforms', 'aarch64-linux']);
    expect((await runProcess(['cat', stdout.trim()])).stdout).toBe('machine:aarch64\n');

    // A second user finds the first one's registration and leaves it alone.
    await using second = await emulateAarch64();
    expect(second.how).toBe(foreign ? 'found' : 'native');
    await second[Symbol.asyncDispose]();
    expect((await uname()).stdout).toBe('aarch64\n');
    await emulation[Symbol.asyncDispose]();
    const stillRuns = await uname().then(
      () => true,
      () => false,
    );
    expect(stillRuns).toBe(emulation.how !== 'ours');
  });
});
