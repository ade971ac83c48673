import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'proteus-supervisor.'));
});
// What a program has left behind, or its end, may still be written about.
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 50 }));

const mebibyte = 1024 * 1024;
const scripts = ['common', 'supervisor'].map((name) => join(import.meta.dirname, `${name}.sh`));

/** Has the supervisor run `program`, with `limit` turns of its clock; says what code it saw and what is in the log. */
async function runLogged(program: string, { limit = 0, before = '' } = {}) {
  const text = `
    for script in ${scripts.map((script) => `'${script}'`).join(' ')}; do . "$script"; done
    # A clock and pauses that no machine can be too slow for.
    up=0
    clock() { up=$((up + 1)); }
    nap() { sleep 0.01; }
    d=$1 attempt=1 runs=0 limit=${limit}
    ${before}
    run_logged - sh -c "$2"
    note "ended with $code"`;
  await promisify(execFile)('sh', ['-c', text, 'sh', folder, program]);
  const log = await readFile(join(folder, 'log'), 'utf8');
  return { log, lines: log.trimEnd().split('\n') };
}

describe('run_logged', () => {
  it('keeps all of what is not much, from both streams, and how it ended', async () => {
    const { log } = await runLogged('echo one; echo two >&2; exit 4', { before: 'note before' });
    expect(log).toBe('before\none\ntwo\nended with 4\n');
    expect((await runLogged('printf "no end"')).log).toContain('no end');
  });

  it('keeps the beginning and the end of what is too much, and says what is left out', async () => {
    const { log, lines } = await runLogged('seq 1 600000', { before: 'note before' });
    expect(log.length).toBeGreaterThan(0.7 * mebibyte);
    expect(log.length).toBeLessThan(1.2 * mebibyte);
    expect(lines.slice(0, 3)).toEqual(['before', '1', '2']);
    expect(lines.slice(-2)).toEqual(['600000', 'ended with 0']);
    const left = lines.findIndex((line) => line.endsWith('are left out here'));
    const [, bytes = '', count = ''] =
      /^(\d+) bytes \((\d+) lines\) are left out here$/.exec(lines[left] ?? '') ?? [];
    expect(lines[left - 1]).toBe('more than 524288 bytes were printed; of what follows only the end is kept');
    const all = Array.from({ length: 600_000 }, (_, index) => `${index + 1}\n`).join('');
    const first = lines.slice(1, left - 1).join('\n');
    const last = `${lines.slice(left + 1, -1).join('\n')}\n`;
    expect(all.startsWith(first)).toBe(true);
    expect(all.endsWith(last)).toBe(true);
    expect(first.length + last.length + Number(bytes)).toBe(all.length);
    // A line that is cut is counted once, on one side of the cut.
    const told = first.split('\n').length - 1 + last.split('\n').length - 1;
    expect(Math.abs(600_000 - told - Number(count))).toBeLessThanOrEqual(1);
    expect(await readdir(folder)).toEqual(expect.not.arrayContaining([expect.stringContaining('end-')]));
  });

  it('says nothing of what is left out when that is nothing', async () => {
    const { lines } = await runLogged('seq 1 100000');
    expect(lines.join('\n')).not.toContain('left out');
    expect(lines).toHaveLength(100_000 + 3);
  });

  it('keeps lines without an end within bounds', async () => {
    const { log } = await runLogged('head -c 4000000 /dev/zero | tr "\\0" x');
    expect(log.length).toBeLessThan(1.2 * mebibyte);
    expect(log.endsWith('x\nended with 0\n')).toBe(true);
  });

  it('never loses lines of its own, however much is printed between them', async () => {
    const { log, lines } = await runLogged('yes', { limit: 200, before: 'note before' });
    expect(log.length).toBeLessThan(1.2 * mebibyte);
    expect(lines[0]).toBe('before');
    expect(lines).toContain('sh did not end within 200 s');
    expect(lines.at(-1)).toBe('ended with timeout');
  });

  it('does not wait for what a program leaves behind', async () => {
    const { lines } = await runLogged('sleep 1000 & echo $!');
    process.kill(Number(lines[0]));
    expect(lines.at(-1)).toBe('ended with 0');
  });
});
