/**
 * Holds the house to its plan: a room imports only rooms on lower floors, no cycles, named exports only, no file
 * over 400 lines, and the drawing in docs/architecture.md is what the imports say.
 */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { findCycle } from './helpers/find-cycle.ts';
import { readSourceFiles } from './helpers/source-imports.ts';

const repository = path.join(import.meta.dirname, '..');

/** Lowest first. A room may import only from floors below its own. */
const floors: readonly (readonly string[])[] = [
  ['util'],
  ['nix'],
  ['process', 'events', 'log', 'metrics', 'config'],
  ['store', 'db', 'blobs'],
  ['inputs', 'notify', 'network'],
  ['evaluate', 'build', 'cache', 'deploy'],
  ['ci'],
  ['api', 'web'],
  ['cli'],
  ['main.ts'],
];

const files = readSourceFiles(path.join(repository, 'src'));
const room = (file: string): string => file.split('/')[0] ?? file;
const floor = (file: string): number => floors.findIndex((rooms) => rooms.includes(room(file)));

describe('the house', () => {
  it('has every file in a room of the plan', () => {
    const homeless = files.filter(({ file }) => floor(file) < 0).map(({ file }) => file);

    expect(homeless).toEqual([]);
  });

  it('imports only from lower floors', () => {
    const upward = files.flatMap(({ file, imports }) =>
      imports
        .filter((target) => room(target) !== room(file) && floor(target) >= floor(file))
        .map((target) => `${file} -> ${target}`),
    );

    expect(upward).toEqual([]);
  });

  it('imports only files that exist', () => {
    const known = new Set(files.map(({ file }) => file));
    const dangling = files.flatMap(({ file, imports }) =>
      imports.filter((target) => !known.has(target)).map((target) => `${file} -> ${target}`),
    );

    // Files outside src (package.json, test helpers used by tests) are not the house's business.
    expect(dangling.filter((edge) => !edge.includes('-> ../'))).toEqual([]);
  });

  it('has no import cycle', () => {
    expect(findCycle(new Map(files.map(({ file, imports }) => [file, imports])))).toBeUndefined();
  });

  it('has no default export', () => {
    expect(files.filter((file) => file.hasDefaultExport).map(({ file }) => file)).toEqual([]);
  });

  it('has no source file over 400 lines', () => {
    const long = files.filter(({ lines, file }) => lines > 400 && !file.endsWith('.test.ts'));

    expect(long.map(({ file, lines }) => `${file}: ${lines}`)).toEqual([]);
  });

  it('is drawn in docs/architecture.md as it is built', () => {
    const built = new Set<string>();
    for (const { file, imports } of files.filter(({ file }) => !file.endsWith('.test.ts'))) {
      for (const target of imports) {
        // package.json is the one thing outside of the house that is imported.
        if (room(target) !== room(file) && room(target) !== '..')
          built.add(`  ${room(file)} --> ${room(target)}`);
      }
    }
    const text = readFileSync(path.join(repository, 'docs/architecture.md'), 'utf8');
    const drawing = /```mermaid\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
    const drawn = drawing.split('\n').filter((line) => line.includes('-->'));

    expect(drawn.sort()).toEqual([...built].sort());
  });
});

describe('findCycle', () => {
  it('names the files of a cycle', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']],
    ]);

    expect(findCycle(graph)).toEqual(['b', 'c', 'b']);
  });

  it('takes a shared dependency for what it is', () => {
    const graph = new Map([
      ['a', ['b', 'c']],
      ['b', ['d']],
      ['c', ['d']],
      ['d', []],
    ]);

    expect(findCycle(graph)).toBeUndefined();
  });
});
