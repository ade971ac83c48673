/** Inputs that are builds, over a store in which some of them are not there any more. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildLookup, BuildReference } from '../../src/inputs/input.ts';
import { parseStorePath, type StorePath } from '../../src/nix/store-path.ts';
import { build, derivation, instantiate } from '../store/nix-lab.ts';
import { type InputFixture, inputFixture } from './input-fixture.ts';

const gone = parseStorePath(`/nix/store/${'0'.repeat(32)}-gone`);
let fixture: InputFixture;
let out: StorePath;
let drvPath: StorePath;

beforeAll(async () => {
  fixture = await inputFixture();
  const expression = derivation('echo hello > $out', '', 'hello-1.2');
  ({ drvPath } = instantiate(expression));
  out = build(expression);
});
afterAll(() => fixture[Symbol.asyncDispose]());

function reference(changes: Partial<BuildReference> = {}): BuildReference {
  return {
    id: 7,
    job: 'a.b',
    system: 'x86_64-linux',
    drvPath,
    nixName: 'hello-1.2',
    outputs: { out },
    ...changes,
  };
}

/** Answers that look at what was asked. */
function lookup(changes: Partial<BuildLookup>): { readonly builds: BuildLookup } {
  return { builds: { ...fixture.deps.builds, ...changes } };
}

describe('a build input', () => {
  it('is the main output of the latest success, with its derivation', async () => {
    const asked: unknown[] = [];
    const builds = lookup({
      latestSucceeded: async (job) => {
        asked.push(job);
        return reference();
      },
    });

    const input = await fixture.fetch('build', 'trunk:a.b', builds);

    expect(asked).toEqual([{ project: 'p', jobset: 'trunk', job: 'a.b' }]);
    expect(input).toEqual({
      name: 'src',
      type: 'build',
      value: {
        kind: 'path',
        storePath: out,
        attributes: { version: '1.2', outputName: 'out' },
        drvPath,
      },
      uri: null,
      revision: null,
      sha256: null,
      dependency: 7,
    });
    expect(fixture.kept).toContain(out);
  });

  it('can be named by its number, and takes its version from its release name', async () => {
    const builds = lookup({ build: async (id) => reference({ id, releaseName: 'hello-9' }) });

    expect(await fixture.fetch('build', '12', builds)).toMatchObject({
      dependency: 12,
      value: { attributes: { version: '9' } },
    });
  });

  it('has no derivation when that was collected', async () => {
    const builds = lookup({ latestSucceeded: async () => reference({ drvPath: gone }) });

    expect((await fixture.fetch('build', 'a', builds)).value).not.toHaveProperty('drvPath');
  });

  it.each<[string, BuildReference | undefined]>([
    ['there is none', undefined],
    ['its output was collected', reference({ outputs: { out: gone } })],
    ['it has no output', reference({ outputs: {} })],
  ])('is absent when %s', async (_, found) => {
    const input = await fixture.fetch('build', 'a', lookup({ latestSucceeded: async () => found }));

    expect(input).toMatchObject({ value: { kind: 'absent' }, dependency: null });
  });

  it('says what it wants', async () => {
    await expect(fixture.fetch('build', 'a [system="x"]')).rejects.toMatchObject({
      code: 'input.invalid',
      message: 'wanted the number of a build or [[PROJECT:]JOBSET:]JOB, got "a [system=\\"x\\"]"',
    });
  });
});

describe('a sysbuild input', () => {
  it('is the one build that is left, without its derivation', async () => {
    const builds = lookup({
      latestSucceededPerSystem: async () => [
        reference({ id: 1, system: 'aarch64-linux', outputs: { out: gone } }),
        reference({ id: 2 }),
      ],
    });

    expect(await fixture.fetch('sysbuild', 'p:j:a', builds)).toMatchObject({
      dependency: 2,
      value: { kind: 'path', storePath: out, attributes: { version: '1.2' } },
    });
  });

  it('cannot be two', async () => {
    const builds = lookup({
      latestSucceededPerSystem: async () => [reference(), reference({ system: 'aarch64-linux' })],
    });

    await expect(fixture.fetch('sysbuild', 'a', builds)).rejects.toMatchObject({
      code: 'input.fetch',
      message: 'wanted one build of p:j:a, but it has one on each of aarch64-linux, x86_64-linux',
    });
  });

  it('is absent when there is none', async () => {
    expect((await fixture.fetch('sysbuild', 'a')).value).toEqual({ kind: 'absent' });
  });
});

describe('an eval input', () => {
  it('has the builds whose output is there', async () => {
    const asked: unknown[] = [];
    const builds = lookup({
      latestFinishedEvaluation: async (jobset) => {
        asked.push(jobset);
        return 3;
      },
      evaluation: async (id) =>
        id === 3
          ? [
              reference({ job: 'a.b' }),
              reference({ job: 'c', outputs: { out: gone } }),
              reference({ job: 'd', outputs: { dev: out } }),
            ]
          : undefined,
    });

    expect((await fixture.fetch('eval', 'q:k:a.b', builds)).value).toEqual({
      kind: 'builds',
      outputs: { 'a.b': out },
    });
    expect(asked).toEqual([{ project: 'q', jobset: 'k', job: 'a.b' }]);
    expect((await fixture.fetch('eval', '3', builds)).value.kind).toBe('builds');
  });

  it.each([
    ['4', 'input.fetch', 'there is no evaluation 4'],
    ['p:j', 'input.fetch', 'there is no finished evaluation of p:j'],
    ['p:j:a', 'input.fetch', 'there is no finished evaluation of p:j in which a succeeded'],
    ['j', 'input.invalid', 'wanted the number of an evaluation or PROJECT:JOBSET[:JOB], got "j"'],
  ])('says why there is none for %s', async (value, code, message) => {
    await expect(fixture.fetch('eval', value)).rejects.toMatchObject({ code, message });
  });
});
