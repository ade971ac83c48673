/** NARs compared with those of nix-store --dump. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dumpPath } from '../../src/store/dump-path.ts';
import { tempDir } from './nix-lab.ts';

/** The hash of the NAR by us and by Nix. */
function hashes(path: string): { readonly ours: string; readonly theirs: string } {
  const ours = createHash('sha256');
  for (const piece of dumpPath(path)) ours.update(piece);
  const theirs = execFileSync('bash', ['-c', 'nix-store --dump "$0" | sha256sum', path], {
    encoding: 'utf8',
  });
  return { ours: ours.digest('hex'), theirs: theirs.slice(0, 64) };
}

describe('dumpPath', () => {
  it('is as nix-store --dump for a single file, executable or not, and a symlink', () => {
    const dir = tempDir();
    writeFileSync(`${dir}/file`, 'depcontents');
    let same = hashes(`${dir}/file`);
    expect(same.ours).toBe(same.theirs);
    chmodSync(`${dir}/file`, 0o755);
    same = hashes(`${dir}/file`);
    expect(same.ours).toBe(same.theirs);
    symlinkSync('file', `${dir}/link`);
    same = hashes(`${dir}/link`);
    expect(same.ours).toBe(same.theirs);
  });

  it('is as nix-store --dump for a tree of all that is nasty', () => {
    const dir = tempDir();
    mkdirSync(`${dir}/empty-dir`);
    writeFileSync(`${dir}/empty-file`, '');
    symlinkSync('/does/not/exist', `${dir}/dangling`);
    symlinkSync(Buffer.from([0xff, 0xfe]), `${dir}/link-to-bytes`);
    for (const name of [
      '\u{1F600}',
      '\uFF5E',
      '\uE000',
      'é',
      'a b',
      'a\nb',
      '-',
      '.hidden',
      '~',
      'x'.repeat(255),
    ]) {
      writeFileSync(`${dir}/${name}`, name);
    }
    for (const bytes of [[0xff], [0xc3], [0x80, 0x2e], [0x01]]) {
      writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from(bytes)]), Buffer.from(bytes));
    }
    mkdirSync(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0xfe, 0xfe])]));
    writeFileSync(
      Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0xfe, 0xfe]), Buffer.from('/in')]),
      'in',
    );
    linkSync(`${dir}/é`, `${dir}/hard link`);
    let deep = dir;
    for (let i = 0; i < 60; i++) {
      deep += '/d';
      mkdirSync(deep);
    }
    writeFileSync(`${deep}/f`, 'deep');
    const same = hashes(dir);
    expect(same.ours).toBe(same.theirs);
  });

  it('is as nix-store --dump for files of all lengths around those of its pieces', () => {
    const dir = tempDir();
    for (const length of [1, 7, 8, 9, 65_000, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145, 600_001]) {
      writeFileSync(`${dir}/${length}`, Buffer.alloc(length, length % 251));
    }
    for (let i = 0; i < 3000; i++) writeFileSync(`${dir}/many-${i}`, 'x'.repeat(i % 64));
    const same = hashes(dir);
    expect(same.ours).toBe(same.theirs);
  });

  it('begins as nix-store --dump for a file of more than 4 GiB', () => {
    const dir = tempDir();
    writeFileSync(`${dir}/sparse`, '');
    truncateSync(`${dir}/sparse`, 2 ** 32 + 5);
    const theirs = execFileSync('bash', ['-c', 'nix-store --dump "$0" 2> /dev/null | head -c 400', dir]);
    const pieces = dumpPath(dir);
    const ours = Buffer.concat([pieces.next().value ?? Buffer.of(), pieces.next().value ?? Buffer.of()]);
    pieces.return();
    expect(ours.subarray(0, 400)).toEqual(theirs);
    expect(theirs.includes(Buffer.from([5, 0, 0, 0, 1, 0, 0, 0]))).toBe(true);
  });
});
