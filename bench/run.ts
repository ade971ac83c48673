/**
 * `npm run bench -- NAME [--json] [ARG…]`: runs one benchmark. With --json one JSON object per case, otherwise a
 * table. The exit code is 1 when a bar is missed.
 */

import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { BenchCase } from './bench-case.ts';
import { renderTable } from './render-table.ts';

interface BenchModule {
  /** Yields each case as it is measured; says on standard error what it does. */
  bench(args: readonly string[]): AsyncIterable<BenchCase>;
}

const notBenches = new Set(['run.ts', 'bench-case.ts', 'render-table.ts']);
const known = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !notBenches.has(file))
  .map((file) => path.basename(file, '.ts'));

const args = process.argv.slice(2).filter((arg) => arg !== '--json');
const json = process.argv.includes('--json');
const name = args.shift();
if (name === undefined || !known.includes(name)) {
  process.stderr.write(
    `wanted the name of a benchmark, got ${name ?? 'nothing'}; there are: ${known.join(', ')}\n`,
  );
  process.exit(2);
}
const module = (await import(`./${name}.ts`)) as BenchModule; // every file beside this one has that shape
const cases: BenchCase[] = [];
for await (const found of module.bench(args)) {
  cases.push(found);
  if (json) process.stdout.write(`${JSON.stringify(found)}\n`);
}
if (!json) process.stdout.write(`${renderTable(cases)}\n`);
process.exitCode = cases.every(({ ok }) => ok) ? 0 : 1;
