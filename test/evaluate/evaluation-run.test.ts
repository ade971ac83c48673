/** How workers are used, replaced and ended, seen through whole evaluations. */

import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { evaluateJobs } from '../../src/evaluate/evaluate-jobs.ts';
import { temporaryFolder } from '../network/temporary-folder.ts';
import { collectEvaluation, jobsNamed, repls, request, sh } from './collect-evaluation.ts';

const one = { workers: 1 };
/** Takes long to evaluate (steps × steps), and nothing else. */
function busy(steps: number): string {
  const loop = "list: f: builtins.foldl' (_: f) 0 list";
  return `let list = builtins.genList (n: n) ${steps}; loop = ${loop}; in builtins.seq (loop list (_: loop list (n: n)))`;
}
const endless = busy(100_000);

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

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

  it('begin with what they are told to, each once', async () => {
    const told = (name: string): string => `${name} = builtins.trace "open ${name}" null;`;
    const root = `{ ${told('one')} ${told('two')} a = ${sh('a')}; b = ${sh('b')}; c = ${sh('c')}; }`;
    const asked: string[] = [];
    const { ok, events } = await collectEvaluation(
      request(root, jobsNamed('a', 'b', 'c'), {
        opening: ({ name }, nth) => {
          asked.push(`${nth} ${name}`);
          return [['one', 'two'][nth] ?? 'none'];
        },
      }),
      { workers: 2 },
    );

    expect([...ok.keys()].toSorted()).toEqual(['a', 'b', 'c']);
    expect(asked.map((line) => line.slice(0, 1))).toEqual(['0', '1']);
    const texts = events.flatMap((event) => (event.type === 'evaluation.job.message' ? [event.text] : []));
    expect(texts.toSorted()).toEqual(['trace: open one', 'trace: open two']);
  });

  it('pass over what they should begin with where it is missing or fails, in whatever way', async () => {
    const openings = `thrown = throw "thrown"; uncaught = 1 + "one";`;
    const root = `{ ${openings} a = ${sh('a')}; b = ${sh('b')}; c = ${sh('c')}; broken = throw "its own"; }`;
    const { ok, failed } = await collectEvaluation(
      request(root, jobsNamed('a', 'b', 'broken', 'c'), {
        opening: (_, nth) => [['thrown'], ['uncaught'], ['uncaught', 'deeper'], ['missing', 'too']][nth],
      }),
      { workers: 4 },
    );

    expect([...ok.keys()].toSorted()).toEqual(['a', 'b', 'c']);
    expect([...failed].map(([name, { error }]) => [name, error.message])).toEqual([['broken', 'its own']]);
  });

  it('do not say the warnings of a job that fails twice because they began with something else', async () => {
    const broken = `builtins.trace "only once" (1 + "one")`;
    const { events } = await collectEvaluation(
      request(`{ first = null; a = ${broken}; b = ${sh('b')}; }`, jobsNamed('a', 'b'), {
        opening: () => ['first'],
      }),
      { workers: 2 },
    );

    expect(events.filter((event) => event.type === 'evaluation.job.message')).toEqual([
      { type: 'evaluation.job.message', job: 'a', text: 'trace: only once' },
    ]);
  });

  it('may be killed: their job is done again, alone, and the others never notice', async () => {
    const root = `{ slow = ${busy(6000)} ${sh('slow')}; a = ${sh('a')}; b = ${sh('b')}; }`;
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
      expect(await repls()).not.toEqual([]);
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
