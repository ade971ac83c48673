/**
 * The binary cache against nginx with the same files, and against Nix itself.
 *
 *   npm run bench -- cache [--json] [--rounds N] [--paths N] [--case NAME …]
 *
 * - hits, misses, no-front-door: narinfos (`cache/narinfo-cases.ts`);
 * - stored, accel: NARs that are kept as files (`cache/stored-cases.ts`);
 * - big, small, delay, memory: NARs of the live store (`cache/live-cases.ts`);
 * - others: harmonia and nix-serve, where they are on PATH (`cache/other-cases.ts`).
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BenchCase } from './bench-case.ts';
import { liveCases } from './cache/live-cases.ts';
import { narinfoCases } from './cache/narinfo-cases.ts';
import { otherCases } from './cache/other-cases.ts';
import { parseCacheArgs } from './cache/parse-cache-args.ts';
import { storedCases } from './cache/stored-cases.ts';

export async function* bench(argv: readonly string[]): AsyncGenerator<BenchCase> {
  const args = parseCacheArgs(argv);
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-cache-'));
  try {
    yield* narinfoCases(folder, args, say);
    yield* storedCases(folder, args, say);
    yield* liveCases(args, say);
    yield* otherCases(folder, args, say);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
