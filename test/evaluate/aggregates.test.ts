/** Aggregates on real Nix, of the shapes that Hydra's own tests have. */

import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parseDerivation } from '../../src/nix/parse-derivation.ts';
import type { StorePath } from '../../src/nix/store-path.ts';
import { type CollectedJobset, collectJobset, legacy } from './jobset-fixture.ts';

/** Job files begin with this: `agg NAME CONSTITUENTS` and `glob NAME PATTERNS` are aggregates. */
const library = `with import ./lib.nix; let
  agg = name: constituents: with_ { _hydraAggregate = true; inherit constituents; } name "echo $constituents > $out";
  glob = name: constituents: with_ { _hydraAggregate = true; _hydraGlobConstituents = true; inherit constituents; }
    name "echo $constituents > $out";
  in `;

async function evaluate(jobs: string): Promise<CollectedJobset> {
  return collectJobset(await legacy(`${library} ${jobs}`));
}

async function inputsOf(drvPath: StorePath | undefined): Promise<readonly StorePath[]> {
  if (drvPath === undefined) return [];
  return [...parseDerivation(await readFile(drvPath), drvPath).inputDerivations.keys()].toSorted();
}

describe('an aggregate', () => {
  it('that names its constituents is the same as one that has them as derivations', async () => {
    const { jobs, failed, warnings, results } = await evaluate(`rec {
      named = agg "agg" [ "tests.a" "b" ];
      direct = agg "agg" [ tests.a b ];
      mixed = agg "agg" [ tests.a "b" ];
      b = with_ { outputs = [ "bin" "out" ]; } "b" "echo > $out; echo > $bin" // { outPath = b.out.outPath; };
      tests.a = sh "a" "echo > $out";
    }`);
    const direct = jobs.get('direct');

    expect([...failed]).toEqual([]);
    expect(warnings).toEqual([]);
    expect(direct).toMatchObject({ constituents: ['tests.a', 'b'] });
    expect(jobs.get('named')).toEqual({ ...direct, name: 'named' });
    expect(jobs.get('mixed')).toEqual({ ...direct, name: 'mixed' });
    expect(await inputsOf(jobs.get('named')?.drvPath)).toEqual(
      [jobs.get('tests.a')?.drvPath, jobs.get('b')?.drvPath].map(String).toSorted(),
    );
    expect(jobs.get('b')?.constituents).toBeUndefined();
    // All other jobs first.
    const names = results.map((result) => (result.type === 'job' ? result.job.name : result.type));
    expect(names.slice(0, 2).toSorted()).toEqual(['b', 'tests.a']);
  });

  it('may name what has no store path yet', async () => {
    const jobset = await legacy(`${library} rec {
      named = agg "agg" [ "floating" ];
      direct = agg "agg" [ floating ];
      floating = with_ { __contentAddressed = true; outputHashMode = "recursive"; outputHashAlgo = "sha256"; }
        "floating" "echo > $out";
    }`);
    const env = { ...process.env, NIX_CONFIG: 'extra-experimental-features = ca-derivations' };
    const { jobs, failed } = await collectJobset(jobset, { env });

    expect([...failed]).toEqual([]);
    expect(jobs.get('floating')?.outputs).toEqual(new Map([['out', undefined]]));
    expect(jobs.get('named')?.drvPath).toBe(jobs.get('direct')?.drvPath);
  });

  it('may have patterns that match over dots, but never itself', async () => {
    const { jobs, failed } = await evaluate(`rec {
      all = glob "all" [ "*" ];
      blind = glob "blind" [ "blind" ];
      tests = { a = sh "a" "echo > $out"; deep.b = sh "b" "echo > $out"; };
      some = glob "some" [ "tests.?" "tests.deep.*" "tests.a" ];
    }`);

    expect(jobs.get('some')?.constituents).toEqual(['tests.a', 'tests.deep.b']);
    const blind = 'blind: constituent glob pattern had no matches';
    expect(Object.fromEntries([...failed].map(([name, { message }]) => [name, message]))).toEqual({
      blind,
      all: `blind: ${blind}`,
    });
  });

  it('may have a pattern that matches everything else', async () => {
    const { jobs, failed } = await evaluate(`{ all = glob "all" [ "*" ]; a = sh "a" ""; x.b = sh "b" ""; }`);

    expect([...failed]).toEqual([]);
    expect(jobs.get('all')?.constituents).toEqual(['a', 'x.b']);
    expect(await inputsOf(jobs.get('all')?.drvPath)).toEqual(
      [jobs.get('a')?.drvPath, jobs.get('x.b')?.drvPath].map(String).toSorted(),
    );
  });

  it('may be made of aggregates, which are made first', async () => {
    const { jobs, failed } = await evaluate(`rec {
      top = agg "top" [ middle ];
      middle = agg "middle" [ "bottom" ];
      bottom = agg "bottom" [ "a" ];
      a = sh "a" "echo > $out";
    }`);

    expect([...failed]).toEqual([]);
    expect(await inputsOf(jobs.get('top')?.drvPath)).toEqual([jobs.get('middle')?.drvPath]);
    expect(await inputsOf(jobs.get('middle')?.drvPath)).toEqual([jobs.get('bottom')?.drvPath]);
    expect(await inputsOf(jobs.get('bottom')?.drvPath)).toEqual([jobs.get('a')?.drvPath]);
    expect(jobs.get('top')?.constituents).toEqual(['middle']);
  });

  it('with a constituent that is no job says so', async () => {
    const { jobs, warnings } = await evaluate(`{ direct = agg "direct" [ (sh "hidden" "") ]; }`);

    expect(jobs.get('direct')?.constituents).toEqual([]);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^aggregate job ‘direct’ has a constituent ‘\/nix\/store\/.*-hidden\.drv’ that is not a job/,
      ),
    ]);
  });
});

describe('a broken aggregate', () => {
  it('breaks nothing but itself and what needs it', async () => {
    const { jobs, failed } = await evaluate(`rec {
      good = sh "good" "";
      bad = assert false; sh "bad" "";
      missing = agg "missing" [ "does-not-exist" "bad" "good" ];
      needs = agg "needs" [ "missing" ];
      none = glob "none" [ "tests.*" ];
      without = with_ { _hydraAggregate = true; } "without" "";
      throwing = agg "throwing" [ (throw "broken constituent") ];
      fine = agg "fine" [ "good" ];
    }`);

    expect([...jobs.keys()]).toEqual(['good', 'fine']);
    expect(Object.fromEntries([...failed].map(([name, { message }]) => [name, message]))).toEqual({
      bad: "assertion 'false' failed",
      missing: "does-not-exist: does not exist\nbad: error: assertion 'false' failed",
      needs: "missing: does-not-exist: does not exist\nbad: error: assertion 'false' failed",
      none: 'tests.*: constituent glob pattern had no matches',
      without: "an aggregate must have an attribute 'constituents'",
      throwing: 'broken constituent',
    });
    expect(failed.get('missing')?.trace).toMatch(
      /^aggregate job ‘missing’ failed with the error: does-not-exist: does not exist\n/,
    );
  });

  it('may be one in a circle', async () => {
    const { jobs, failed } = await evaluate(`rec {
      ok = sh "ok" "";
      indirect_aggregate = agg "i" [ "ok_aggregate" ];
      ok_aggregate = agg "o" [ "indirect_aggregate" "ok" ];
      self = agg "self" [ "self" ];
      outside = agg "outside" [ "ok_aggregate" ];
      fine = agg "fine" [ "ok" ];
    }`);
    const circle = 'Dependency cycle: indirect_aggregate <-> ok_aggregate';

    expect([...jobs.keys()]).toEqual(['ok', 'fine']);
    expect(Object.fromEntries([...failed].map(([name, { message }]) => [name, message]))).toEqual({
      indirect_aggregate: circle,
      ok_aggregate: circle,
      outside: `ok_aggregate: ${circle}`,
      self: 'Dependency cycle: self <-> self',
    });
  });
});
