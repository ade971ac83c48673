import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { BuildTicket, FailureCache } from '../../src/build/scheduler.ts';
import type { StorePath } from '../../src/nix/store-path.ts';
import { instantiate, instantiateAll } from './instantiate.ts';
import { queueFixture } from './queue-fixture.ts';
import { keepingRecorder } from './recorder.ts';

const ticket = (id: number, changes: Partial<BuildTicket> = {}): BuildTicket => ({
  id,
  share: 1,
  globalPriority: 0,
  priority: 100,
  ...changes,
});

/** A failure cache in memory. */
function failureCache(): FailureCache & { readonly known: Map<StorePath, string> } {
  const known = new Map<StorePath, string>();
  return {
    known,
    async find(steps) {
      return new Map(
        steps.flatMap(({ drvPath }) => {
          const message = known.get(drvPath);
          return message === undefined ? [] : [[drvPath, message] as const];
        }),
      );
    },
    async add({ drvPath }, message) {
      known.set(drvPath, message);
    },
  };
}

describe('recording', () => {
  it('writes down each attempt once, under the build with the lowest id, before outcomes are told', async () => {
    const [one, two] = await instantiateAll(`
      let base = sh "base-rec" { } "echo base > $out";
      in {
        a = sh "one-rec" { inherit base; } "read x < $base; echo $x > $out";
        b = sh "two-rec" { inherit base; } "read x < $base; echo $x > $out";
      }`);
    const recorder = keepingRecorder();
    await using fixture = await queueFixture({ recorder });
    const outcomes = [fixture.queue.enqueue(one!, ticket(7)), fixture.queue.enqueue(two!, ticket(8))].map(
      async (build) => {
        const outcome = await build;
        return { outcome, written: recorder.steps.filter(({ ended }) => ended?.result.ok).length };
      },
    );
    const [first, second] = await Promise.all(outcomes);
    expect(first).toMatchObject({ outcome: { ok: true, cached: false } });
    expect(Math.min(first!.written, second!.written)).toBeGreaterThanOrEqual(2);
    const [base] = recorder.of('base-rec');
    // Planned in this order, so that the first is there when the step that both need begins.
    expect(recorder.steps.map(({ step }) => `${step.name} ${step.owner}`).sort()).toEqual([
      'base-rec 7',
      'one-rec 7',
      'two-rec 8',
    ]);
    expect(base).toMatchObject({
      step: {
        builder: 'local',
        system: 'x86_64-linux',
        emulated: false,
        attempt: 1,
        outputs: { out: expect.stringMatching(/-base-rec$/) },
        logFile: expect.stringMatching(/-base-rec\.drv\.1\.log$/),
      },
      phases: ['building'],
      ended: { result: { ok: true, how: 'built', outputs: base?.step.outputs }, failedBuilds: [] },
    });
  });

  it('says which builds fail with a step, and remembers it as known to fail', async () => {
    const [one, two] = await instantiateAll(`
      let bad = sh "bad-rec" { } "echo oh no; exit 1";
      in { a = sh "one-bad" { inherit bad; } ""; b = sh "two-bad" { inherit bad; } ""; }`);
    const [recorder, failures] = [keepingRecorder(), failureCache()];
    await using fixture = await queueFixture({ recorder, failures });
    const outcomes = await Promise.all([
      fixture.queue.enqueue(one!, ticket(1)),
      fixture.queue.enqueue(two!, ticket(2)),
    ]);
    expect(outcomes).toMatchObject([
      { ok: false, reason: 'build-failed', logTail: ['oh no'] },
      { ok: false, reason: 'build-failed' },
    ]);
    expect(recorder.of('bad-rec')).toMatchObject([
      { ended: { result: { ok: false, reason: 'build-failed', willRetry: false }, failedBuilds: [1, 2] } },
    ]);
    const again = await fixture.queue.enqueue(one!, ticket(3));
    expect(again).toMatchObject({
      ok: false,
      reason: 'cached-failure',
      drvPath: [...failures.known.keys()][0],
    });
    expect(recorder.of('bad-rec')[1]).toMatchObject({
      step: { owner: 3 },
      ended: { result: { reason: 'cached-failure' }, failedBuilds: [3] },
    });
    expect(fixture.of('step.started')).toHaveLength(1);
  });

  it('lets dependents start while it is slow, and outlives a recorder that cannot write', async () => {
    const drvPath = await instantiate(`
      let base = sh "base-slow" { } "echo base > $out";
      in sh "top-slow" { inherit base; } "read x < $base; echo $x > $out"`);
    const recorder = keepingRecorder();
    const writing = Promise.withResolvers<void>();
    recorder.slow = writing.promise;
    await using fixture = await queueFixture({ recorder });
    let told = false;
    const build = fixture.queue.enqueue(drvPath, ticket(1)).finally(() => {
      told = true;
    });
    await fixture.seen((event) => event.type === 'step.done' && event.name === 'top-slow');
    expect(told).toBe(false);
    recorder.fails = new Error('the database is full');
    writing.resolve();
    const outcome = await build;
    if (!outcome.ok) throw new Error(outcome.message);
    expect(await readFile(outcome.outputs.get('out')!, 'utf8')).toBe('base\n');
    expect(fixture.events).toContainEqual({
      type: 'message',
      level: 'error',
      text: 'cannot write down that base-slow has started: the database is full',
    });
  });
});

describe('cancelling', () => {
  it('ends what no other build wants, and leaves the rest running', async () => {
    const [one, two] = await instantiateAll(`
      let shared = sh "shared-c" { } "\${gate "c1"} echo > $out";
      in {
        a = sh "one-c" { inherit shared; own = sh "own-c" { } "\${gate "c2"} echo > $out"; } "echo > $out";
        b = sh "two-c" { inherit shared; } "echo > $out";
      }`);
    const recorder = keepingRecorder();
    await using fixture = await queueFixture({ recorder });
    const cancel = new AbortController();
    const cancelled = fixture.queue.enqueue(one!, ticket(1, { signal: cancel.signal }));
    const other = fixture.queue.enqueue(two!, ticket(2));
    await Promise.all([fixture.atGate('c1'), fixture.atGate('c2')]);
    cancel.abort();
    expect(await cancelled).toMatchObject({ ok: false, reason: 'cancelled', drvPath: one });
    await expect.poll(() => recorder.of('own-c')[0]?.ended?.result).toMatchObject({ reason: 'cancelled' });
    expect(fixture.queue.counts).toMatchObject({ builds: 1, running: 1 });
    await fixture.open('c1');
    expect((await other).ok).toBe(true);
    expect(fixture.of('step.started').map(({ name }) => name)).not.toContain('one-c');
  });
});
