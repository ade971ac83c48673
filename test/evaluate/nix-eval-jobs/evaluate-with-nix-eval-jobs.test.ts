/**
 * nix-eval-jobs as a backend, with a stand-in: a script that prints the lines that its documentation shows. The real
 * program is not packaged where these tests run.
 */

import { chmod, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { evaluateJobset } from '../../../src/evaluate/evaluate-jobset.ts';
import { type TemporaryFolder, temporaryFolder } from '../../network/temporary-folder.ts';
import { type CollectedJobset, collectJobset, legacy } from '../jobset-fixture.ts';

const hash = (letter: string): string => letter.repeat(32);
const drv = (letter: string, name: string): string => `/nix/store/${hash(letter)}-${name}.drv`;
const line = (value: object): string => JSON.stringify(value);
const job = (attrPath: readonly string[], letter: string, more: object = {}): string =>
  line({
    attr: attrPath.join('.'),
    attrPath,
    name: attrPath.at(-1),
    system: 'x86_64-linux',
    drvPath: drv(letter, attrPath.at(-1) ?? ''),
    outputs: { out: `/nix/store/${hash(letter)}-out` },
    ...more,
  });
const failed = (attrPath: readonly string[], error: string): string =>
  line({ attr: attrPath.join('.'), attrPath, error, fatal: false });

const probeLines = [
  failed(['bad'], 'error: bad'),
  job(['deep', 'er'], 'a', { name: 'deeper' }),
  job(['good'], 'b'),
];

interface StandIn extends TemporaryFolder {
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The lines for the probe, then a shell script that prints those of the evaluation. */
async function standIn(script: string, probe: readonly string[] = probeLines): Promise<StandIn> {
  const folder = await temporaryFolder({ probe: `${probe.join('\n')}\n` });
  const text = `#!/bin/bash
case "$*" in *proteus-probe*) cat ${folder.file('probe')}; exit;; esac
printf '%s\\n' "$@" > ${folder.file('arguments')}
${script}
`;
  await writeFile(folder.file('nix-eval-jobs'), text);
  await chmod(folder.file('nix-eval-jobs'), 0o755);
  return { ...folder, env: { ...process.env, PATH: `${folder.path}:${process.env.PATH}` } };
}

function printing(lines: readonly string[]): string {
  return `cat <<'LINES'\n${lines.join('\n')}\nLINES`;
}

async function evaluate(tool: StandIn, text: string, settings = {}): Promise<CollectedJobset> {
  return collectJobset({ ...(await legacy(text)), settings }, { env: tool.env });
}

const own = 'with import ./lib.nix; { a = sh "a" ""; "b.c".d = sh "d" ""; e = throw "e"; }';

describe('nix-eval-jobs', () => {
  it('is used when it is there and passes the probe', async () => {
    await using tool = await standIn(
      printing([
        job(['a'], 'a', { meta: { description: 'an a', schedulingPriority: 5 }, isCached: true }),
        job(['b.c', 'd'], 'b', { outputs: { out: null } }),
        line({ attr: 'set', attrPath: ['set'], attrs: ['x'] }),
        'not JSON',
        failed(['e'], "error: assertion 'false' failed\n       at /nix/store/x/e.nix:3:5:"),
        failed(
          ['f'],
          `error: cannot build '${drv('c', 'wanted')}' during evaluation because the option 'allow-import-from-derivation' is disabled`,
        ),
        job(['all'], 'd', {
          constituents: [`${hash('a')}-a.drv`],
          namedConstituents: ['a'],
          globConstituents: false,
        }),
        failed(['broken'], 'constituentA: does not exist\n'),
      ]),
    );
    const { jobs, failed: failures, kept } = await evaluate(tool, own, { workers: 2, memoryBudget: 2 ** 31 });

    expect(Object.fromEntries([...jobs].map(([name, { drvPath }]) => [name, drvPath]))).toEqual({
      a: drv('a', 'a'),
      '"b.c".d': drv('b', 'd'),
      all: drv('d', 'all'),
    });
    expect(jobs.get('a')?.meta).toMatchObject({ description: 'an a', schedulingPriority: 5 });
    expect(jobs.get('"b.c".d')?.outputs).toEqual(new Map([['out', undefined]]));
    expect(jobs.get('all')?.constituents).toEqual(['a']);
    expect([...kept].toSorted()).toEqual([...jobs.values()].map(({ drvPath }) => drvPath).toSorted());
    expect(Object.fromEntries([...failures].map(([name, { message }]) => [name, message]))).toEqual({
      e: "assertion 'false' failed",
      f: expect.stringMatching(/^it imports from \S*-wanted\.drv, which would have to be built first/),
      broken: 'constituentA: does not exist',
    });
    const given = (await readFile(tool.file('arguments'), 'utf8')).split('\n');
    expect(given.join(' ')).toContain('--workers 2 --max-memory-size 1024 ');
    expect(given.join(' ')).toContain('--option restrict-eval true ');
    expect(given.join(' ')).toMatch(
      /-I jobs=\/nix\/store\/\S* .*--expr import "\/nix\/store\/\S*\/jobs\.nix"/,
    );
  });

  it('tells of a root that does not evaluate', async () => {
    await using tool = await standIn(`${printing([line({ error: 'error: no root' })])}; exit 1`);
    const { failed: failures } = await evaluate(tool, own);

    expect([...failures].map(([name, { message }]) => [name, message])).toEqual([['', 'no root']]);
  });

  it('leaves what it did not get done to our own workers', async () => {
    const lines = [job(['a'], 'a')];
    for (const [end, reason, settings] of [
      ['exit 1', 'nix-eval-jobs ended with exit code 1', {}],
      ['kill -9 $$', 'nix-eval-jobs was killed by SIGKILL', {}],
      ['exec sleep 1000', 'nix-eval-jobs told nothing for 300 ms', { jobTimeoutMs: 300 }],
    ] as const) {
      await using tool = await standIn(`${printing(lines)}\n${end}`);
      const { jobs, failed: failures, events } = await evaluate(tool, own, settings);

      expect([...jobs.keys()].toSorted()).toEqual(['"b.c".d', 'a']);
      expect(jobs.get('a')?.drvPath).toBe(drv('a', 'a'));
      expect([...failures.keys()]).toEqual(['e']);
      expect(events).toContainEqual({ type: 'evaluation.worker.restarted', reason });
      expect(events.at(-1)).toMatchObject({ type: 'evaluation.done', succeeded: 2, failed: 1 });
    }
  });

  it('is not used when it does not pass the probe', async () => {
    const other = [...probeLines.slice(1), job(['bad'], 'c')];
    for (const probe of [[], ['{'], other]) {
      await using tool = await standIn(printing([job(['from-tool'], 'a')]), probe);
      const { jobs } = await evaluate(tool, own);

      expect([...jobs.keys()].toSorted()).toEqual(['"b.c".d', 'a']);
    }
  });

  it('is not used where imports are allowed', async () => {
    await using tool = await standIn(printing([job(['from-tool'], 'a')]));
    const jobset = { ...(await legacy(own)), allowImportFromDerivation: true };

    expect([...(await collectJobset(jobset, { env: tool.env })).jobs.keys()].toSorted()).toEqual([
      '"b.c".d',
      'a',
    ]);
  });

  it('ends with the evaluation', async () => {
    await using tool = await standIn(
      `echo $$ > pid; ${printing([job(['a'], 'a')])}\nexec sleep 1000`.replace(
        '> pid',
        '> "$(dirname "$0")/pid"',
      ),
    );
    const stop = new AbortController();
    const run = (async () => {
      const deps = {
        emit: () => {},
        keep: async () => {},
        buildImported: async () => ({ ok: true }) as const,
        env: tool.env,
        signal: stop.signal,
      };
      for await (const _ of evaluateJobset(await legacy(own), deps)) stop.abort();
    })();
    await expect(run).rejects.toMatchObject({ code: 'interrupted' });
    const pid = (await readFile(tool.file('pid'), 'utf8')).trim();

    await expect(readFile(`/proc/${pid}/cmdline`)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
