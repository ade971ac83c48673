/** Proteus killed without warning, in the middle of its work: nothing is left running, and the next run succeeds. */

import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { RunningProcess } from '../../src/process/start-process.ts';
import { proteus, startProteus } from '../helpers/proteus.ts';
import { makeFolder, writeNetwork } from '../helpers/write-network.ts';
import { createLab } from '../lab/lab.ts';

const standIn = path.join(import.meta.dirname, '../lab/stand-in-system.nix');

/** Command lines of all processes of this world that are not zombies, by pid. */
async function processes(): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (line !== '') found.set(Number(name), line.replaceAll('\0', ' '));
  }
  return found;
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await delay(20);
}

/** Waits until no process is there that was not there before. */
async function untilOnly(before: ReadonlyMap<number, string>): Promise<void> {
  await vi.waitFor(
    async () => {
      const now = await processes();
      expect([...now].filter(([pid]) => !before.has(pid))).toEqual([]);
    },
    { timeout: 60_000 },
  );
}

/** Keeps reading after that: a child whose output nobody takes would wait. */
function untilSaid(child: RunningProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let all = '';
    child.stdout.resume();
    child.stderr.on('data', (chunk: Buffer) => {
      all += String(chunk);
      if (all.includes(text)) resolve();
    });
    void child.exited.then(() => reject(new Error(`it ended without saying ${text}:\n${all}`)));
  });
}

/** Kills `bin/proteus` itself, which by then is the Node process (it was exec'ed), as the kernel would. */
async function killHard(child: RunningProcess): Promise<void> {
  process.kill(child.pid, 'SIGKILL');
  await child.exited;
}

function slowHost(seconds: number): string {
  return `{ environment.note = [ "\${derivation { name = "survivor"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo begun; sleep ${seconds}; echo done > $out" ]; }}" ]; }`;
}

describe('kill -9', () => {
  it('during an evaluation leaves no process behind', async () => {
    const file = await writeNetwork({
      web01:
        "{ environment.note = [ (builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 300000000)) ]; }",
    });
    const before = await processes();
    const child = await startProteus(['build', file]);
    await untilSaid(child, 'evaluating');
    await until(async () => [...(await processes()).values()].some((line) => line.includes('nix repl')));

    await killHard(child);

    await untilOnly(before);
    expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('during a build leaves no process and no mount behind, and the next run builds it', async () => {
    const mounts = await readFile('/proc/self/mounts', 'utf8');
    const file = await writeNetwork({ web01: slowHost(5) });
    const before = await processes();
    const child = await startProteus(['build', file]);
    await untilSaid(child, 'building survivor');
    await until(async () => [...(await processes()).values()].some((line) => line.includes('echo begun')));

    await killHard(child);
    await untilOnly(before);
    const again = await proteus(['build', file]);

    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('built survivor') });
    expect(await readFile('/proc/self/mounts', 'utf8')).toBe(mounts);
  });

  it('during a copy to a host leaves the host fit for the next run', async () => {
    await using lab = await createLab();
    const host = await lab.addHost('web01');
    const bulk = `derivation { name = "bulk"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "dd if=/dev/urandom of=$out bs=1M count=300 2>/dev/null; true" ]; }`;
    const file = await writeNetwork({
      web01: `({ lib, ... }: { system.build.toplevel = lib.mkForce (import ${standIn} { name = "web01"; note = "\${${bulk}}"; }); })`,
    });
    const env = { SSH_CONFIG_FILE: lab.sshConfigFile() };
    expect(await proteus(['build', file])).toMatchObject({ code: 0 });
    const before = await processes();
    const child = await startProteus(['deploy', file, 'switch'], { env });
    await untilSaid(child, 'copying');

    await killHard(child);
    await untilOnly(before);
    const again = await proteus(['deploy', file, 'switch'], { env });

    expect(again).toMatchObject({ code: 0 });
    expect(await host.systemLog()).toMatchObject([{ action: 'switch' }]);
    await host.exec(['nix-store', '--verify', '--check-contents']);
  });
});

describe('Ctrl-C', () => {
  it('ends a build with exit code 130 and without leftovers', async () => {
    const logs = await makeFolder();
    await mkdir(logs, { recursive: true });
    const file = await writeNetwork({ web01: slowHost(600) });
    const before = await processes();
    const child = await startProteus(['build', file, '--build-logs', logs]);
    await untilSaid(child, 'building survivor');

    process.kill(child.pid, 'SIGINT');

    expect(await child.exited).toEqual({ code: 130, signal: null });
    await untilOnly(before);
    expect(existsSync(logs)).toBe(true);
  });
});
