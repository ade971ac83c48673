import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { activationCommands } from '../../src/deploy/activation-command.ts';
import { type RemoteRunOptions, remoteRun } from '../../src/deploy/remote-run.ts';
import { parseStorePath } from '../../src/nix/store-path.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';

let lab: Lab;
let host: LabHost;
beforeAll(async () => {
  lab = await createLab();
  host = await lab.addHost('web01');
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

async function run(words: readonly string[], options: Partial<RemoteRunOptions> = {}) {
  const lines: string[] = [];
  const { target, settings } = host.ssh;
  const code = await remoteRun(words, {
    target,
    ssh: settings,
    onLine: (line) => lines.push(line),
    ...options,
  });
  return { code, lines };
}

describe('remoteRun', () => {
  it('passes on the lines of both streams, also a last one without an end', async () => {
    const { code, lines } = await run(['echo one; echo two >&2; sleep 0.2; printf "three\\r\\nfour"']);
    expect(code).toBe(0);
    expect(lines.toSorted()).toEqual(['four', 'one', 'three', 'two']);
  });

  it('says the exit code', async () => {
    expect((await run(['exit', '7'])).code).toBe(7);
  });

  it('says 255 when the host cannot be reached, with what ssh has to say', async () => {
    const { code, lines } = await run(['true'], { target: { host: host.address, port: 1 } });
    expect(code).toBe(255);
    expect(lines.join()).toContain('Connection refused');
  });

  it('does not wait for a command that asks', async () => {
    expect((await run(['cat'])).code).toBe(0);
  });

  it('is ended by its deadline, and by its signal', async () => {
    await expect(run(['sleep', '600'], { timeoutMs: 700 })).rejects.toMatchObject({
      code: 'process.timeout',
      message: `sleep 600 did not end within 0.7 s and was cut off; it may still be running on ${host.address}`,
    });
    await expect(run(['sleep', '600'], { signal: AbortSignal.timeout(700) })).rejects.toMatchObject({
      code: 'interrupted',
    });
  });

  it("hands sudo its arguments in Morph's form", async () => {
    const bin = host.path('/run/current-system/sw/bin');
    await mkdir(bin, { recursive: true });
    // There is no sudo here: this one shows what it was given.
    await writeFile(`${bin}/sudo`, '#!/bin/sh\nprintf "[%s]" "$@"\n', { mode: 0o755 });
    const toplevel = parseStorePath(`/nix/store/${'a'.repeat(32)}-system?x`);
    const { setProfile, activate } = activationCommands(toplevel, 'boot', false);
    expect((await run(setProfile ?? [])).lines).toEqual([
      `[-n][-p][][-k][--][nix-env][--profile][/nix/var/nix/profiles/system][--set][${toplevel}]`,
    ]);
    expect((await run(activate)).lines).toEqual([
      `[-n][-p][][-k][--][${toplevel}/bin/switch-to-configuration][boot]`,
    ]);
  });
});
