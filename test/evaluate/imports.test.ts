/** Imports from derivations on real Nix: refused, or built by somebody else while the job waits. */

import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { storePathName } from '../../src/nix/store-path.ts';
import { startProcess } from '../../src/process/start-process.ts';
import { AppError } from '../../src/util/app-error.ts';
import { temporaryFolder } from '../network/temporary-folder.ts';
import { repls } from './collect-evaluation.ts';
import { collectJobset, legacy, networkJobset } from './jobset-fixture.ts';

/** `gen NAME EXPRESSION` builds a file with that expression. */
const library = `with import ./lib.nix; let
  gen = name: expression: with_ { inherit expression; } name "printf %s \\"$expression\\" > $out";
  in `;
const allowed = { allowImportFromDerivation: true };

describe('an import that is not allowed', () => {
  it('fails its job, saying what it wanted', async () => {
    const { jobs, failed, built } = await collectJobset(
      await legacy(`${library} { a = sh (import (gen "wanted" "\\"x\\"")) ""; b = sh "b" ""; }`),
    );

    expect([...jobs.keys()]).toEqual(['b']);
    expect(failed.get('a')).toMatchObject({
      message: expect.stringMatching(
        /^it imports from \/nix\/store\/\S*-wanted\.drv, which would have to be built first; .*allowImportFromDerivation/,
      ),
      position: { file: 'jobs/jobs.nix', line: 3 },
    });
    expect(built).toEqual([]);
  });

  it('is as little allowed when it has been built before', async () => {
    const text = `${library} { a = sh (import (gen "before" "\\"x\\"")) ""; }`;
    expect((await collectJobset(await legacy(text, [], allowed))).failed.size).toBe(0);

    expect((await collectJobset(await legacy(text))).failed.get('a')?.message).toContain('-before.drv');
  });
});

describe('an import that is allowed', () => {
  it('is built once for all jobs that want it, and what is built need not be built again', async () => {
    const jobset = await legacy(
      `${library} let one = import (gen "one" "\\"one\\""); in {
        a = sh "a-\${one}" "";
        b = sh "b-\${one}" "";
        c = sh "c-\${import (gen "two" "\\"two\\"")}-\${import (gen "three" "\\"\${one}\\"")}" "";
        d = sh (builtins.readFile (gen "four" "four") + toString (builtins.attrNames (builtins.readDir dir))) "";
        e = sh (import "\${dir}/e.nix") "";
      }`.replace('let one', 'let dir = sh "dir" "mkdir $out; echo \'\\"e\\"\' > $out/e.nix"; one'),
      [],
      allowed,
    );
    const first = await collectJobset(jobset);
    const second = await collectJobset(jobset);

    expect([...first.failed]).toEqual([]);
    expect([...first.jobs.values()].map(({ drvName }) => drvName).toSorted()).toEqual([
      'a-one',
      'b-one',
      'c-two-one',
      'e',
      'foure.nix',
    ]);
    expect(first.built.map(storePathName).toSorted()).toEqual(
      ['dir', 'four', 'one', 'three', 'two'].map((name) => `${name}.drv`),
    );
    expect(second.built).toEqual([]);
    expect(second.jobs).toEqual(first.jobs);
  });

  it('may be in the root expression, and may need other builds itself', async () => {
    const { jobs, built } = await collectJobset(
      await legacy(
        `${library} let
          dependency = sh "dependency" "echo > $out";
          morph = with_ { inherit dependency; } "morph" ''mkdir $out; echo '{ name }: { job = name; }' > $out/eval.nix'';
          evaluated = import "\${morph}/eval.nix" { name = sh "deep" ""; };
        in { inherit (evaluated) job; }`,
        [],
        allowed,
      ),
    );

    expect(jobs.get('job')?.drvName).toBe('deep');
    expect(built.map(storePathName)).toEqual(['morph.drv']);
  });

  it('may be in a network', async () => {
    const jobset = await networkJobset({
      'net.nix': `${library} {
        network = import <stand-in/base.nix>;
        defaults.nixpkgs.system = builtins.currentSystem;
        web01.environment.note = [ (import (gen "note" "\\"a note\\"")) ];
      }`,
    });
    const { jobs, network, failed } = await collectJobset({ ...jobset, ...allowed });

    expect([...failed]).toEqual([]);
    expect([...jobs.keys()]).toEqual(['web01']);
    expect(network?.hosts.map(({ name }) => name)).toEqual(['web01']);
  });

  it('that cannot be built fails its job, with what the builder says', async () => {
    const jobset = await legacy(
      `${library} { a = sh (import (sh "hopeless" "exit 1")) ""; b = sh "b" ""; }`,
      [],
      allowed,
    );
    const { jobs, failed } = await collectJobset(jobset, {
      buildImported: async () => ({ ok: false, message: 'the builder gave up' }),
    });

    expect([...jobs.keys()]).toEqual(['b']);
    expect(failed.get('a')?.message).toMatch(
      /^it imports from \S*-hopeless\.drv, which could not be built: the builder gave up$/,
    );
  });

  it('that is never there, although it is said to be built, ends after some tries', async () => {
    const jobset = await legacy(`${library} { a = sh (import (gen "lie" "1")) ""; }`, [], allowed);
    const { failed } = await collectJobset(jobset, { buildImported: async () => ({ ok: true }) });

    expect(failed.get('a')?.message).toMatch(/-lie\.drv was built, but Nix still lacks it$/);
  });

  it('holds no worker: other jobs go on', async () => {
    const jobset = await legacy(
      `${library} { a = sh (import (gen "slow" "\\"a\\"")) ""; b = sh "b" ""; c = sh "c" ""; }`,
      [],
      { ...allowed, settings: { workers: 1 } },
    );
    const others = Promise.withResolvers<void>();
    const order: string[] = [];
    const { jobs } = await collectJobset(
      jobset,
      {
        buildImported: async () => {
          await others.promise;
          return { ok: false, message: 'enough' };
        },
      },
      (result) => {
        order.push(result.type === 'job' ? result.job.name : result.type);
        if (order.length === 2) others.resolve();
      },
    );

    expect(jobs.size).toBe(2);
    expect(order.toSorted()).toEqual(['b', 'c', 'failed']);
    expect(order.at(-1)).toBe('failed');
  });

  it('that somebody else is building holds no worker either', async () => {
    await using folder = await temporaryFolder({});
    const gate = folder.file('gate');
    const slow = `sh "slow" "while ! test -e ${gate}; do sleep 0.05; done; echo '\\"x\\"' > $out"`;
    const jobset = await legacy(
      `${library} { a = sh (import (${slow})) ""; b = sh "b" ""; c = sh "c" ""; slow = ${slow}; }`,
      [],
      { ...allowed, settings: { workers: 1 } },
    );
    const instantiated = (await collectJobset(await legacy(`${library} { slow = ${slow}; }`))).jobs.get(
      'slow',
    );
    const output = instantiated?.outputs.get('out');
    if (instantiated === undefined || output === undefined) throw new Error('no such job');
    await using building = await startProcess(
      ['nix-store', '--realise', instantiated.drvPath, '--option', 'sandbox', 'false'],
      { stderr: 'ignore' },
    );
    building.stdout.resume();
    while (!existsSync(`${output}.lock`)) await sleep(20);
    const others = Promise.withResolvers<void>();
    const { jobs, built } = await collectJobset(
      jobset,
      {
        buildImported: async () => {
          await others.promise;
          await writeFile(gate, '');
          await building.exited;
          return { ok: true };
        },
      },
      (result) => {
        if (result.type === 'job' && result.job.name === 'c') others.resolve();
      },
    );

    expect([...jobs.keys()].toSorted()).toEqual(['a', 'b', 'c', 'slow']);
    expect(built).toEqual([]);
    expect(existsSync(output)).toBe(true);
  });

  it('ends with the evaluation', async () => {
    const jobset = await legacy(`${library} { a = sh (import (gen "stuck" "1")) ""; }`, [], allowed);
    const stop = new AbortController();
    const running = collectJobset(jobset, {
      signal: stop.signal,
      buildImported: async () => {
        stop.abort();
        throw new AppError('interrupted', 'stopped');
      },
    });

    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
    expect(await repls()).toEqual([]);
  });
});
