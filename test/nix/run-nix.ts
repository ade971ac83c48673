/** Runs a program of the installed Nix, inside the lab only. */

import { execFileSync } from 'node:child_process';

export function runNix(program: string, ...args: readonly string[]): Buffer {
  if (process.env.PROTEUS_LAB !== '1') throw new Error('to be run by scripts/in-lab: it writes to /nix');
  return execFileSync(program, args, { maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What it prints, without the newline at the end. */
export function nixText(program: string, ...args: readonly string[]): string {
  return runNix(program, ...args)
    .toString()
    .trimEnd();
}
