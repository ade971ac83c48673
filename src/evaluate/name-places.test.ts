import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../nix/store-path.ts';
import { namePlaces } from './name-places.ts';

const source = parseStorePath(`/nix/store/${'a'.repeat(32)}-source`);
const file = parseStorePath(`/nix/store/${'b'.repeat(32)}-file.nix`);
const error = {
  message: `path '${source}/x y.nix' does not exist`,
  position: { file: `${source}/jobs.nix`, line: 3, column: 5 },
  trace: `at ${source}/jobs.nix:3:5\nat ${file}:1:1\nat ${source}s/other`,
};

describe('namePlaces', () => {
  it('calls sources by the names of their inputs', () => {
    const named = namePlaces(
      error,
      new Map([
        [source, 'network'],
        [file, 'argument'],
      ]),
    );

    expect(named).toEqual({
      message: "path 'network/x y.nix' does not exist",
      position: { file: 'network/jobs.nix', line: 3, column: 5 },
      trace: `at network/jobs.nix:3:5\nat argument:1:1\nat ${source}s/other`,
    });
  });

  it('begins in the repository where there is no name', () => {
    expect(namePlaces(error, new Map([[source, '']])).position?.file).toBe('jobs.nix');
  });

  it('knows sources by what newer versions call them', () => {
    const fetched = { ...error, position: { ...error.position, file: '«git+file:///x?rev=1»/a.nix' } };

    expect(namePlaces(fetched, new Map([['«git+file:///x?rev=1»', '']])).position?.file).toBe('a.nix');
  });

  it('makes up no position', () => {
    const { position: _, ...rest } = error;

    expect(namePlaces(rest, new Map())).toEqual(rest);
  });
});
