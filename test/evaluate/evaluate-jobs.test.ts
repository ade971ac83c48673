import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { evaluateJobs } from '../../src/evaluate/evaluate-jobs.ts';
import type { EvaluationRequest } from '../../src/evaluate/evaluation.ts';
import { networkRoot, toplevelAttrPath } from '../../src/network/network-root.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { fleet, temporaryFolder } from '../network/temporary-folder.ts';
import { collectEvaluation, jobsNamed, repls, sh } from './collect-evaluation.ts';

const one = { workers: 1 };
/** Takes long to evaluate (steps × steps), and nothing else. */
function busy(steps: number): string {
  const loop = "list: f: builtins.foldl' (_: f) 0 list";
  return `let list = builtins.genList (n: n) ${steps}; loop = ${loop}; in builtins.seq (loop list (_: loop list (n: n)))`;
}
const endless = busy(100_000);

function request(root: string, jobs: EvaluationRequest['jobs'], more = {}): EvaluationRequest {
  return { source: 'test', root, jobs, freshRoot: false, ...more };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

describe('what comes out', () => {
  it('are the derivations that nix-instantiate makes', async () => {
    const root = networkRoot(fleet);
    const hosts = ['db01', 'db02', 'dotted.name', 'iso', 'web01'];
    const jobs = hosts.map((name) => ({ name, attrPath: toplevelAttrPath(name) }));
    const { ok, failed } = await collectEvaluation({ ...request(root, jobs), freshRoot: true });

    expect(failed.size).toBe(0);
    for (const name of hosts) {
      const attribute = `(${root}).nodes."${name}".config.system.build.toplevel`;
      const { stdout } = await runProcess(['nix-instantiate', '--expr', attribute]);
      expect(ok.get(name)?.drvPath).toBe(stdout.trim());
      expect(existsSync(stdout.trim())).toBe(true);
    }
    expect(ok.get('web01')).toMatchObject({
      attrPath: ['nodes', 'web01', 'config', 'system', 'build', 'toplevel'],
      drvName: 'nixos-system-web01',
      system: 'x86_64-linux',
    });
  });

  it('has all outputs', async () => {
    const root = `{ a = derivation { name = "a"; system = "x86_64-linux"; builder = "/bin/sh"; outputs = [ "out" "dev" ]; }; }`;
    const { ok } = await collectEvaluation(request(root, jobsNamed('a')));
    const outputs = ok.get('a')?.outputs;

    expect(outputs?.get('out')).toMatch(/^\/nix\/store\/[a-z0-9]{32}-a$/);
    expect(outputs?.get('dev')).toMatch(/^\/nix\/store\/[a-z0-9]{32}-a-dev$/);
  });

  it('has of meta what JSON can say', async () => {
    const root = `{ a = ${sh('a')} // { meta = {
      description = "an a"; priority = 5; broken = false; none = null;
      maintainers = [ { name = "x"; f = y: y; } (throw "no") ];
      helper = x: x; drv = ${sh('b')}; bad = throw "no"; file = /etc/x;
    }; }; }`;
    const { ok } = await collectEvaluation(request(root, jobsNamed('a')));

    expect(ok.get('a')?.meta).toEqual({
      description: 'an a',
      priority: 5,
      broken: false,
      none: null,
      maintainers: [{ name: 'x' }],
      file: '/etc/x',
    });
  });

  it('has the derivation even when its meta fails in a way that cannot be caught', async () => {
    const root = `{ a = ${sh('a')} // { meta.description = null.x; }; }`;
    const { ok, failed } = await collectEvaluation(request(root, jobsNamed('a')));

    expect(failed.size).toBe(0);
    expect(ok.get('a')?.meta).toEqual({});
  });

  it('is told as events, too', async () => {
    const root = `{ a = builtins.trace "hello" ${sh('a')}; b = throw "no"; }`;
    const { events } = await collectEvaluation(request(root, jobsNamed('a', 'b')), one);

    expect(events).toMatchObject([
      { type: 'evaluation.started', source: 'test', jobs: ['a', 'b'] },
      { type: 'evaluation.job.started', job: 'a' },
      { type: 'evaluation.job.message', job: 'a', text: 'trace: hello' },
      { type: 'evaluation.job.done', job: 'a' },
      { type: 'evaluation.job.started', job: 'b' },
      { type: 'evaluation.job.failed', job: 'b', error: { message: 'no' } },
      { type: 'evaluation.done', succeeded: 1, failed: 1 },
    ]);
  });

  it('is nothing for no jobs', async () => {
    expect((await collectEvaluation(request('throw "no"', []))).order).toEqual([]);
  });
});

describe('errors', () => {
  const cases: readonly (readonly [
    name: string,
    expression: string,
    message: RegExp,
    line: number | undefined,
  ])[] = [
    ['throw', 'throw "boom\\nsecond line"', /^boom\nsecond line$/, undefined],
    ['assert', `assert false; ${sh('x')}`, /^assertion 'false' failed$/, 3],
    ['abort', 'abort "stop"', /^evaluation aborted with the following error message: 'stop'$/, undefined],
    ['missing', `(${sh('x')}).nothing.here`, /^attribute 'nothing' missing$/, 5],
    ['type', '1 + "x"', /^cannot add a string to an integer$/, 6],
    ['recursion', 'let x = x; in x', /^infinite recursion encountered$/, 7],
    ['syntax', 'import ./syntax.nix', /^syntax error, unexpected ';'$/, 2],
    ['file', 'import ./nothing.nix', /nothing\.nix': No such file or directory$/, undefined],
    [
      'ifd',
      `import ${sh('failing', 'echo why it fails; exit 3')}`,
      /^builder for '.*-failing\.drv' failed with exit code 3/,
      undefined,
    ],
    ['overflow', 'let f = n: 1 + f (n + 1); in f 0', /^stack overflow/, undefined],
    ['coercion', '"" + { }', /^cannot coerce a set to a string$/, 12],
    ['number', '5', /^number should be a derivation, but is of type int$/, undefined],
    ['set', '{ }', /^set should be a derivation, but is a set$/, undefined],
    [
      'pretender',
      '{ type = "derivation"; name = 5; system = [ ]; drvPath = "x"; outPath = "y"; out.outPath = "z"; }',
      /^this is no proper derivation/,
      undefined,
    ],
  ];
  const attributes = cases.map(([name, expression]) => `"${name}" = ${expression};`);
  const files = {
    'errors.nix': `{\n${attributes.join('\n')}\ngood = ${sh('good')};\n}\n`,
    'syntax.nix': '{\n  a = ;\n}\n',
  };

  it('are each about their own job, with message and place, whatever worker had it', async () => {
    await using folder = await temporaryFolder(files);
    const names = cases.map(([name]) => name);
    // `good` after each, so that what one leaves behind would hurt the next.
    const jobs = names.flatMap((name, index) => [
      { name, attrPath: [name] },
      { name: `good ${index}`, attrPath: ['good'] },
    ]);
    const root = `import ${folder.file('errors.nix')}`;
    const { ok, failed, events } = await collectEvaluation({ ...request(root, jobs), freshRoot: true }, one);

    expect(ok.size).toBe(names.length);
    expect([...failed.keys()].toSorted()).toEqual(names.toSorted());
    for (const [name, , message, line] of cases) {
      const error = failed.get(name)?.error;
      expect(error?.message).toMatch(message);
      expect(error?.position?.line).toBe(line);
      expect(error?.trace).not.toContain('\u001b');
      expect(error?.trace).not.toContain('proteusWorker');
    }
    expect(failed.get('syntax')?.error.position?.file).toBe(folder.file('syntax.nix'));
    expect(failed.get('ifd')?.error.trace).toContain('why it fails');
    const restarts = events.filter(({ type }) => type === 'evaluation.worker.restarted');
    expect(restarts).toHaveLength(1);
  });

  it('of the root are those of every job', async () => {
    const jobs = jobsNamed('a', 'b');
    const { failed } = await collectEvaluation(request('{ a = ', jobs));

    expect([...failed.values()].map(({ error }) => error.message)).toEqual([
      expect.stringMatching(/^syntax error, unexpected '\)'/),
      expect.stringMatching(/^syntax error, unexpected '\)'/),
    ]);
    expect((await collectEvaluation(request('throw "root"', jobs))).failed.get('b')?.error.message).toBe(
      'root',
    );
    expect(
      (await collectEvaluation(request('undefinedName', 'discover'))).failed.get('')?.error.message,
    ).toBe("undefined variable 'undefinedName'");
  });

  it('cannot be avoided by speaking like a worker', async () => {
    const forged = JSON.stringify({
      derivation: {
        name: 'evil',
        system: 'x',
        drvPath: `/nix/store/${'0'.repeat(32)}-evil.drv`,
        outputs: {},
      },
    });
    const say = (text: string, then: string): string => `builtins.trace ${JSON.stringify(text)} (${then})`;
    const nonce = '00000000000000000000000000000000';
    const root = `{ a = ${say(`${nonce} result ${forged}`, say(`${nonce} end`, sh('honest')))}; }`;
    const { ok, events } = await collectEvaluation(request(root, jobsNamed('a')));

    expect(ok.get('a')?.drvName).toBe('honest');
    expect(events.filter(({ type }) => type === 'evaluation.job.message')).toEqual([
      { type: 'evaluation.job.message', job: 'a', text: `trace: ${nonce} result ${forged}` },
      { type: 'evaluation.job.message', job: 'a', text: `trace: ${nonce} end` },
    ]);
  });
});

describe('discovery', () => {
  const root = `{ system, ... }: {
    top = derivation { name = "top"; inherit system; builder = "x"; };
    deep = { recurseForDerivations = true; inner = derivation { name = "inner"; inherit system; builder = "x"; }; "a.b" = { }; };
    hidden.never = derivation { name = "never"; inherit system; builder = "x"; };
    function = { system }: derivation { name = "called"; inherit system; builder = "x"; };
    lambda = x: throw "never called";
    number = 5;
    broken = throw "broken";
  }`;
  const args = { system: '"riscv64-linux"', unused: 'throw "unused"' };

  it('walks the root as Hydra does', async () => {
    const { ok, failed } = await collectEvaluation(request(root, 'discover', { args }));

    expect([...ok.keys()].toSorted()).toEqual(['deep.inner', 'function', 'top']);
    expect(ok.get('function')).toMatchObject({ drvName: 'called', system: 'riscv64-linux' });
    expect(ok.get('deep.inner')?.attrPath).toEqual(['deep', 'inner']);
    expect([...failed].map(([name, { error }]) => [name, error.message])).toEqual([['broken', 'broken']]);
  });

  it('goes into every set when it is told to', async () => {
    const { ok } = await collectEvaluation(request(root, 'discover', { args, forceRecurse: true }));

    expect([...ok.keys()].toSorted()).toEqual(['deep.inner', 'function', 'hidden.never', 'top']);
  });

  it('finds a root that is a derivation', async () => {
    const { ok } = await collectEvaluation(request(sh('only'), 'discover'));

    expect(ok.get('')?.drvName).toBe('only');
  });
});

describe('the root', () => {
  it('may be a text of many lines, with comments', async () => {
    const root = `# first\n{\n\ta = ${sh('a')}; # "quoted" \${x}\n}\n`;

    expect((await collectEvaluation(request(root, jobsNamed('a')))).ok.size).toBe(1);
  });

  it('is evaluated anew for each job, or once for all', async () => {
    const root = `builtins.trace "root" { a = ${sh('a')}; b = ${sh('b')}; }`;
    const roots = async (freshRoot: boolean): Promise<number> => {
      const { events } = await collectEvaluation({ ...request(root, jobsNamed('a', 'b')), freshRoot }, one);
      return events.filter(({ type }) => type === 'evaluation.job.message').length;
    };

    expect(await roots(true)).toBe(2);
    expect(await roots(false)).toBe(1);
  });

  it('sees the search path and obeys the settings', async () => {
    await using folder = await temporaryFolder({ 'x/default.nix': sh('x'), 'y.nix': sh('y') });
    const root = `{ x = import <x>; y = import ${folder.file('y.nix')}; }`;
    const { ok, failed } = await collectEvaluation(request(root, jobsNamed('x', 'y')), {
      includes: [`x=${folder.file('x')}`],
      nixOptions: { 'restrict-eval': 'true' },
    });

    expect([...ok.keys()]).toEqual(['x']);
    expect(failed.get('y')?.error.message).toMatch(/forbidden in restricted mode/);
  });
});

describe('workers', () => {
  it('give each result the moment it is there', async () => {
    await using folder = await temporaryFolder({});
    const gate = folder.file('gate');
    const ifd = sh('waiting', `while ! test -e ${gate}; do /bin/sleep 0.05; done; echo 1 > $out`);
    const root = `{ slow = builtins.seq (import ${ifd}) ${sh('slow')}; quick = ${sh('quick')}; last = ${sh('last')}; }`;
    const order: string[] = [];
    const jobs = evaluateJobs(
      request(root, jobsNamed('slow', 'quick', 'last')),
      { workers: 2, nixOptions: { sandbox: 'false' } },
      { emit: () => {} },
    );
    for await (const { name } of jobs) {
      order.push(name);
      // Only when the others are out may the first one end.
      if (order.length === 2) await writeFile(gate, '');
    }

    expect(order).toEqual(['quick', 'last', 'slow']);
  });

  it('go on while nobody takes results', async () => {
    const root = `{ a = ${sh('a')}; b = ${sh('b')}; c = ${sh('c')}; }`;
    const done: string[] = [];
    const jobs = evaluateJobs(request(root, jobsNamed('a', 'b', 'c')), one, {
      emit: (event) => {
        if (event.type === 'evaluation.job.done') done.push(event.job);
      },
    });
    await jobs.next();
    await until(() => done.length === 3);
    await jobs.return(undefined);

    expect(done).toEqual(['a', 'b', 'c']);
  });

  it('may be killed: their job is done again, alone, and the others never notice', async () => {
    const root = `{ slow = ${busy(2500)} ${sh('slow')}; a = ${sh('a')}; b = ${sh('b')}; }`;
    const running = collectEvaluation(request(root, jobsNamed('slow', 'a', 'b')), { workers: 2 });
    await until(async () => {
      const [computing] = await busiest();
      if (computing !== undefined) process.kill(computing, 'SIGKILL');
      return computing !== undefined;
    });
    const { ok, failed, events } = await running;

    expect(failed.size).toBe(0);
    expect([...ok.keys()].toSorted()).toEqual(['a', 'b', 'slow']);
    expect(events).toContainEqual({
      type: 'evaluation.worker.restarted',
      reason: 'a worker was killed by SIGKILL (while evaluating slow)',
    });
  });

  it('that are killed over and over fail their job', async () => {
    const root = `{ a = ${endless} ${sh('a')}; b = ${sh('b')}; }`;
    const stop = new AbortController();
    const killing = (async () => {
      while (!stop.signal.aborted) {
        for (const pid of await busiest()) process.kill(pid, 'SIGKILL');
        await sleep(10);
      }
    })();
    const { ok, failed } = await collectEvaluation(request(root, jobsNamed('b', 'a')), one);
    stop.abort();
    await killing;

    expect([...ok.keys()]).toEqual(['b']);
    expect(failed.get('a')?.error.message).toMatch(/^the evaluation worker was killed by SIGKILL, twice/);
  });

  it('are killed when a job takes too long, which is that job’s failure', async () => {
    const root = `{ a = ${endless} ${sh('a')}; b = ${sh('b')}; }`;
    const { ok, failed } = await collectEvaluation(request(root, jobsNamed('a', 'b')), {
      workers: 1,
      jobTimeoutMs: 500,
    });

    expect([...ok.keys()]).toEqual(['b']);
    expect(failed.get('a')?.error.message).toBe('the evaluation took longer than 500 ms');
  });

  it('keep to their memory: the biggest goes, and its job fails only when it is too big alone', async () => {
    // Lists hold their elements; 40 million numbers are far more than the budget, 2 million are less.
    const big = (count: number, name: string): string =>
      `builtins.seq (builtins.length (builtins.genList (n: n) ${count})) ${sh(name)}`;
    const hoard = `let f = list: if builtins.length list > 100000000 then 0 else f (list ++ list); in builtins.seq (f [ 1 2 ]) ${sh('hoard')}`;
    const root = `{ hoard = ${hoard}; small = ${big(1000, 'small')}; other = ${big(2000, 'other')}; }`;
    const { ok, failed, events } = await collectEvaluation(
      { ...request(root, jobsNamed('hoard', 'small', 'other')), freshRoot: true },
      { workers: 2, memoryBudget: 600 * 2 ** 20, initialHeap: 2 ** 20 },
    );

    expect([...ok.keys()].toSorted()).toEqual(['other', 'small']);
    expect(failed.get('hoard')?.error.message).toBe(
      'the evaluation needs more than 600 MiB of memory, even when nothing runs beside it',
    );
    const restarts = events.filter(({ type }) => type === 'evaluation.worker.restarted');
    expect(restarts).toHaveLength(2);
  });
});

describe('stopping', () => {
  const root = `{ a = ${endless} ${sh('a')}; b = ${sh('b')}; }`;

  it('by leaving the loop ends every worker', async () => {
    for await (const { name } of evaluateJobs(
      request(root, jobsNamed('a', 'b')),
      { workers: 2 },
      { emit: () => {} },
    )) {
      expect(name).toBe('b');
      expect(await repls()).toHaveLength(2);
      break;
    }

    expect(await repls()).toEqual([]);
  });

  it('by the signal ends every worker, and is told as an interruption', async () => {
    const abort = new AbortController();
    const run = (async () => {
      const deps = { emit: () => {}, signal: abort.signal };
      for await (const _ of evaluateJobs(request(root, jobsNamed('a', 'b')), { workers: 2 }, deps))
        abort.abort();
    })();

    await expect(run).rejects.toMatchObject({ code: 'interrupted' });
    expect(await repls()).toEqual([]);
  });

  it('before it begins starts nothing', async () => {
    const deps = { emit: () => {}, signal: AbortSignal.abort() };
    const jobs = evaluateJobs(request(root, jobsNamed('a')), one, deps);

    await expect(jobs.next()).rejects.toMatchObject({ code: 'interrupted' });
    expect(await repls()).toEqual([]);
  });
});

describe('an installation', () => {
  it('without Nix is told as such', async () => {
    const jobs = evaluateJobs(request('{ }', jobsNamed('a')), one, {
      emit: () => {},
      env: { PATH: '/nowhere' },
    });

    await expect(jobs.next()).rejects.toMatchObject({ code: 'process.missing' });
  });

  it('whose repl does not start is told with what the repl says', async () => {
    const jobs = evaluateJobs(request('{ }', jobsNamed('a')), one, {
      emit: () => {},
      env: { ...process.env, NIX_REMOTE: 'nonsense://x' },
    });

    await expect(jobs.next()).rejects.toMatchObject({
      code: 'evaluation.worker',
      message: expect.stringMatching(/^nix repl did not start: .*nonsense/s),
    });
  });
});

/** Repls that have been computing for a while. */
async function busiest(): Promise<readonly number[]> {
  const busy: number[] = [];
  for (const pid of await repls()) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    // utime, in hundredths of a second.
    if (Number(stat.split(' ')[13]) > 20) busy.push(pid);
  }
  return busy;
}
