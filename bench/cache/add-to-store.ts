/** Adds what a shell script puts at `tree`, a file or a folder, to the store. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The path in the store. */
export function addToStore(script: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-cache-'));
  try {
    execFileSync('sh', ['-ec', script], { cwd: folder });
    return execFileSync('nix-store', ['--add', path.join(folder, 'tree')], { encoding: 'utf8' }).trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
