import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findDaemon } from './find-daemon.ts';

let proc = '';
beforeEach(() => {
  proc = mkdtempSync(path.join(tmpdir(), 'proc-'));
  writeFileSync(`${proc}/stat`, 'cpu 1 2 3\nbtime 1700000000\nprocesses 9\n');
});
afterEach(() => rmSync(proc, { recursive: true }));

function addProcess(pid: number, name: string, ticks: number, environ?: string): void {
  mkdirSync(`${proc}/${pid}`);
  const fields = [...Array.from({ length: 19 }, () => '0'), String(ticks), '0'];
  writeFileSync(`${proc}/${pid}/stat`, `${pid} (${name}) ${['S', ...fields.slice(1)].join(' ')}`);
  if (environ !== undefined) writeFileSync(`${proc}/${pid}/environ`, environ);
}

describe('findDaemon', () => {
  it('finds the oldest, with its start and its environment', async () => {
    addProcess(30, 'nix-daemon', 900, 'HOME=/worker\0');
    addProcess(7, 'nix-daemon', 500, 'HOME=/root\0NIX_CONFIG=a = b\nc = d\0nonsense\0');
    addProcess(8, 'sh) (nix-daemon', 1, 'HOME=/x\0');
    expect(await findDaemon(proc)).toEqual({
      pid: 7,
      startedAt: 1_700_000_005_000,
      env: { HOME: '/root', NIX_CONFIG: 'a = b\nc = d' },
    });
  });

  it('knows no environment that it may not see, and no daemon where none runs', async () => {
    expect(await findDaemon(proc)).toBeUndefined();
    addProcess(7, 'nix-daemon', 500);
    expect((await findDaemon(proc))?.env).toBeUndefined();
  });
});
