import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { BuildTicket, FailureCache } from '../../src/build/scheduler.ts';
import { parseStorePath, type StorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openStoreDatabase } from '../../src/store/store-database.ts';
import { instantiate, instantiateAll } from './instantiate.ts';
import { type QueueFixture, queueFixture } from './queue-fixture.ts';
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
    // Planned one after the other, so that the first is there when the step that both need begins.
    await using fixture = await queueFixture({ recorder, planConcurrency: 1 });
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

  it('tries what could not be fetched once more, and does not take it for what always fails', async () => {
    const drvPath = await instantiate(`
      sh "fetch" { outputHashMode = "flat"; outputHashAlgo = "sha256";
        outputHash = "0000000000000000000000000000000000000000000000000000000000000000"; } "echo no network; exit 1"`);
    const failures = failureCache();
    await using fixture = await queueFixture({ failures });
    expect(await fixture.queue.enqueue(drvPath, ticket(1))).toMatchObject({ reason: 'build-failed' });
    expect(failures.known.size).toBe(0);
    // Once more, as it may have been the network; the builder is not to blame.
    expect(fixture.of('step.started')).toHaveLength(2);
    expect(fixture.queue.builders()).toMatchObject([{ lastLoss: null }]);
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

describe('the order', () => {
  /** Runs the builds one at a time, all of them there before the first begins; tells in which order. */
  async function order(
    builds: readonly (readonly [drvPath: StorePath, ticket: BuildTicket])[],
    meanwhile: (fixture: QueueFixture) => void = () => {},
    tag = builds[0]?.[0] ?? '',
  ): Promise<readonly string[]> {
    const blocker = await instantiate(`sh "blocker" { tag = "${tag}"; } "\${gate "block"} echo > $out"`);
    await using fixture = await queueFixture({ slots: 1 });
    const block = fixture.queue.build(blocker);
    await fixture.atGate('block');
    const outcomes = builds.map(([drvPath, of]) => fixture.queue.enqueue(drvPath, of));
    await expect.poll(() => fixture.queue.counts.runnable).toBeGreaterThanOrEqual(builds.length);
    meanwhile(fixture);
    await fixture.open('block');
    await Promise.all([block, ...outcomes]);
    return fixture
      .of('step.started')
      .map(({ name }) => name)
      .slice(1);
  }

  const independent = (tag: string): string =>
    `{ a = sh "a-${tag}" { } "echo > $out"; b = sh "b-${tag}" { } "echo > $out"; c = sh "c-${tag}" { } "echo > $out"; }`;

  it('is global priority, then priority, then the lowest id', async () => {
    const [a, b, c] = await instantiateAll(independent('prio'));
    const started = await order([
      [a!, ticket(3, { priority: 10 })],
      [b!, ticket(2, { priority: 10 })],
      [c!, ticket(4, { globalPriority: 1, priority: 1 })],
    ]);
    expect(started).toEqual(['c-prio', 'b-prio', 'a-prio']);
  });

  it('has the longest chain before priority, whoever needs it', async () => {
    const [a, b] = await instantiateAll(`{
      a = sh "a-chain" { } "echo > $out";
      b = sh "b-chain" { dep = sh "dep-chain" { } "echo > $out"; } "echo > $out"; }`);
    const started = await order([
      [a!, ticket(1, { priority: 1000 })],
      [b!, ticket(2, { priority: 1 })],
    ]);
    expect(started).toEqual(['dep-chain', 'a-chain', 'b-chain']);
  });

  it('has the jobset first that has used the least of its share, before chains and priorities', async () => {
    const [a, b, c] = await instantiateAll(independent('share'));
    const started = await order(
      [
        [a!, ticket(1, { share: 1, priority: 500 })],
        [b!, ticket(2, { share: 2 })],
        [c!, ticket(3, { share: 3 })],
      ],
      ({ queue }) => {
        queue.setShare(1, { shares: 1, usedSeconds: 3000 });
        queue.setShare(2, { shares: 100, usedSeconds: 100_000 });
        queue.setShare(3, { shares: 100, usedSeconds: 50_000 });
      },
    );
    expect(started).toEqual(['c-share', 'b-share', 'a-share']);
  });

  it('gives each jobset its turn while steps run', async () => {
    const drvPaths = await instantiateAll(`builtins.listToAttrs (builtins.genList (i:
      { name = "n\${toString i}"; value = sh "turn-\${toString i}" { } "sleep 0.05; echo > $out"; }) 6)`);
    // The second jobset comes last by its ids.
    const started = await order(
      drvPaths.map((drvPath, index) => [drvPath, ticket(index, { share: index < 3 ? 1 : 2 })] as const),
      ({ queue }) => {
        queue.setShare(1, { shares: 1, usedSeconds: 0 });
        queue.setShare(2, { shares: 1, usedSeconds: 0 });
      },
    );
    const jobsets = started.map((name) => (Number(name.slice(5)) < 3 ? 1 : 2));
    expect(jobsets.slice(0, 2)).toEqual([1, 2]);
    expect(jobsets.indexOf(2)).toBeLessThan(jobsets.lastIndexOf(1));
  });

  it('changes with a bump, also for what only a bumped build needs', async () => {
    const [a, b] = await instantiateAll(`{
      a = sh "a-bump" { } "echo > $out";
      b = sh "b-bump" { dep = sh "dep-bump" { } "echo > $out"; } "echo > $out"; }`);
    const started = await order(
      [
        [a!, ticket(1, { globalPriority: 5 })],
        [b!, ticket(2)],
      ],
      ({ queue }) => queue.reprioritise(2, { globalPriority: 9 }),
    );
    expect(started).toEqual(['dep-bump', 'b-bump', 'a-bump']);
  });
});

describe('builders', () => {
  it('take no more steps while they are drained, and say so', async () => {
    const drvPath = await instantiate(`sh "drained" { } "echo > $out"`);
    const states: string[] = [];
    await using fixture = await queueFixture({
      onBuilder: (name, state) => states.push(`${name} ${state}`),
    });
    fixture.queue.setDrained('local', true);
    const build = fixture.queue.enqueue(drvPath, ticket(1));
    await expect
      .poll(() => fixture.queue.explain(1))
      .toEqual({ type: 'builders-drained', builders: ['local'] });
    expect(fixture.queue.builders()).toMatchObject([{ name: 'local', drained: true, running: [] }]);
    fixture.queue.setDrained('local', false);
    expect((await build).ok).toBe(true);
    expect(states).toEqual(['local drained', 'local ready']);
  });

  it('can be replaced: those that are gone finish what they do', async () => {
    const [running, waiting] = await instantiateAll(`{
      a = sh "running-r" { } "\${gate "r"} echo > $out";
      b = sh "waiting-r" { system = "i586-linux"; } "echo > $out"; }`);
    await using fixture = await queueFixture({ unsupportedAfterMs: 60_000 });
    const first = fixture.queue.enqueue(running!, ticket(1));
    const second = fixture.queue.enqueue(waiting!, ticket(2));
    await fixture.atGate('r');
    await expect
      .poll(() => fixture.queue.explain(2))
      .toMatchObject({
        type: 'no-builder',
        why: expect.stringMatching(/^waiting-r wants i586-linux; no builder has it/),
        failsAt: expect.any(Number),
      });
    const settings = { ...fixture.local.settings, 'extra-platforms': 'i586-linux' };
    fixture.queue.setBuilders([{ ...fixture.local, name: 'other', systems: ['i586-linux'], settings }]);
    expect((await second).ok).toBe(true);
    expect(fixture.queue.builders().map(({ name }) => name)).toEqual(['other']);
    await fixture.open('r');
    expect((await first).ok).toBe(true);
  });

  it('may appear before the grace is over; then the step fails and is recorded as refused', async () => {
    const drvPath = await instantiate(`
      sh "top-u" { dep = sh "dep-u" { system = "i586-linux"; requiredSystemFeatures = [ "gpu" ]; } ""; } ""`);
    const recorder = keepingRecorder();
    await using fixture = await queueFixture({ recorder, unsupportedAfterMs: 200 });
    expect(await fixture.queue.enqueue(drvPath, ticket(4))).toMatchObject({
      ok: false,
      reason: 'unsupported',
      message: expect.stringMatching(/^dep-u wants i586-linux with gpu; no builder has it/),
    });
    expect(recorder.steps).toMatchObject([
      {
        step: { name: 'dep-u', owner: 4 },
        ended: { result: { reason: 'unsupported' }, failedBuilds: [4] },
      },
    ]);
  });

  it('get the steps whose features they have, and local ones what prefers to be local', async () => {
    const drvPaths = await instantiateAll(`{
      a = sh "plain-f" { } "echo > $out";
      b = sh "big-f" { requiredSystemFeatures = [ "big" ]; } "echo > $out";
      c = sh "only-f" { requiredSystemFeatures = [ "special" ]; } "echo > $out";
      d = sh "small-f" { preferLocalBuild = true; } "echo > $out"; }`);
    await using fixture = await queueFixture({ nixConfig: 'system-features = big special' });
    const other = fixture.local;
    fixture.queue.setBuilders([
      { ...other, name: 'local', supportedFeatures: [] },
      { ...other, name: 'special', supportedFeatures: ['special'], mandatoryFeatures: ['special'] },
      { ...other, name: 'big', supportedFeatures: ['big'], speedFactor: 100, isLocal: false },
    ]);
    for (const drvPath of drvPaths) expect((await fixture.queue.build(drvPath)).ok).toBe(true);
    expect(fixture.of('step.started').map(({ name, builder }) => [name, builder])).toEqual([
      ['plain-f', 'big'],
      ['big-f', 'big'],
      ['only-f', 'special'],
      ['small-f', 'local'],
    ]);
  });
});

describe('explaining', () => {
  it('says what runs for a build, what comes before it, and that it is not known', async () => {
    const [one, two, three] = await instantiateAll(`{
      a = sh "top-x" { dep = sh "dep-x" { } "\${gate "x"} echo > $out"; } "echo > $out";
      b = sh "two-x" { } "echo > $out";
      c = sh "three-x" { } "echo > $out"; }`);
    await using fixture = await queueFixture({ slots: 1 });
    const { queue } = fixture;
    const builds = [queue.enqueue(one!, ticket(1))];
    await fixture.atGate('x');
    builds.push(queue.enqueue(two!, ticket(2)), queue.enqueue(three!, ticket(3)));
    await expect.poll(() => queue.counts).toEqual({ builds: 3, steps: 4, runnable: 2, running: 1 });
    expect(queue.explain(1)).toEqual({
      type: 'running',
      steps: [{ drvPath: expect.stringMatching(/-dep-x\.drv$/), builder: 'local' }],
    });
    expect(queue.explain(2)).toEqual({ type: 'no-free-slot', ahead: 0, builders: ['local'] });
    expect(queue.explain(3)).toEqual({ type: 'no-free-slot', ahead: 1, builders: ['local'] });
    expect(queue.explain(4)).toEqual({ type: 'unknown-build' });
    expect(queue.builders()).toMatchObject([{ running: [{ owner: 1, phase: 'building' }] }]);
    await fixture.open('x');
    await Promise.all(builds);
    expect(queue.explain(1)).toEqual({ type: 'unknown-build' });
  });
});

describe('limits', () => {
  it('are those of the most generous build, and never tighter for what builds only need', async () => {
    const [tight, needs, survives] = await instantiateAll(`
      let slow = sh "slow-l" { } "echo; sleep 2; echo > $out";
      in {
        a = sh "tight-l" { } "echo; sleep 30; echo > $out";
        b = sh "needs-l" { inherit slow; } "echo > $out";
        c = sh "survives-l" { } "sleep 3; echo > $out"; }`);
    await using fixture = await queueFixture({ maxSilentSeconds: 1, timeoutSeconds: 60 });
    const outcomes = await Promise.all([
      fixture.queue.enqueue(tight!, ticket(1, { timeoutSeconds: 1, maxSilentSeconds: 600 })),
      // Its own limit of 1 second is not for the dependency, which is silent longer than the queue allows.
      fixture.queue.enqueue(needs!, ticket(2, { timeoutSeconds: 1 })),
      fixture.queue.enqueue(survives!, ticket(3, { maxSilentSeconds: 600 })),
    ]);
    expect(outcomes.map((outcome) => outcome.ok || outcome.reason)).toEqual(['timed-out', 'silent', true]);
  });

  it('hold for the size of outputs, also of what was built before', async () => {
    const drvPath = await instantiate(
      `sh "large" { } "i=0; while [ $i -lt 2000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done > $out"`,
    );
    const [recorder, failures] = [keepingRecorder(), failureCache()];
    await using fixture = await queueFixture({ recorder, failures, outputLimitBytes: 50_000 });
    const outcome = await fixture.queue.enqueue(drvPath, ticket(1));
    expect(outcome).toMatchObject({
      ok: false,
      reason: 'output-limit',
      message: expect.stringMatching(/-large has 80 KiB, where 49 KiB are allowed$/),
    });
    expect(await fixture.queue.enqueue(drvPath, ticket(2))).toMatchObject({ reason: 'output-limit' });
    expect(recorder.steps.map(({ step, ended }) => [step.owner, ended?.failedBuilds])).toEqual([
      [1, [1]],
      [2, [2]],
    ]);
    expect(failures.known.size).toBe(0);
  });
});

describe('a restart', () => {
  it('settles what is valid already without a plan, and builds the rest', async () => {
    const drvPaths = await instantiateAll(`builtins.listToAttrs (builtins.genList (i:
      { name = "n\${toString (100 + i)}"; value = sh "again-\${toString i}" { outputs = [ "out" "doc" ]; } "echo > $out; echo > $doc"; }) 30)`);
    await runProcess(['nix-store', '--realise', ...drvPaths.slice(1)]);
    // One output of two is not enough.
    const half = (await runProcess(['nix-store', '--query', '--outputs', drvPaths[7]!])).stdout.split(
      '\n',
    )[0]!;
    await runProcess(['nix-store', '--delete', half]);
    await using keeper = await openStore({ type: 'local' });
    using database = await openStoreDatabase('/nix/var/nix/db/db.sqlite', { keepOpenBy: keeper });
    const planned: string[] = [];
    await using fixture = await queueFixture({
      storeDatabase: {
        validOutputs: (paths) => database.validOutputs(paths),
        validPaths(paths) {
          planned.push(...paths);
          return database.validPaths(paths);
        },
      },
    });
    const outcomes = await Promise.all(
      drvPaths.map((drvPath, index) => fixture.queue.enqueue(drvPath, ticket(index))),
    );
    const cached = outcomes.map((outcome) => outcome.ok && outcome.cached);
    expect(cached.flatMap((was, index) => (was ? [] : [index]))).toEqual([0, 7]);
    expect(outcomes[3]).toMatchObject({
      outputs: new Map([
        ['doc', expect.anything()],
        ['out', expect.anything()],
      ]),
    });
    expect(new Set(planned.map((path) => path.replace(/.*-again-(\d+).*/, '$1')))).toEqual(
      new Set(['0', '7']),
    );
    expect(
      fixture
        .of('step.started')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['again-0', 'again-7']);
  });

  it('asks the store when the database cannot be read, or was wrong', async () => {
    const [gone, there] = await instantiateAll(
      `{ a = sh "gone" { } "echo > $out"; b = sh "there" { } "echo > $out"; }`,
    );
    await runProcess(['nix-store', '--realise', there!]);
    const outputs = (name: string): Map<string, StorePath> =>
      new Map([['out', parseStorePath(`/nix/store/${'0'.repeat(32)}-${name}`)]]);
    let broken = false;
    await using fixture = await queueFixture({
      storeDatabase: {
        validOutputs() {
          if (broken) throw new Error('the database is locked');
          return new Map([[gone!, outputs('never')]]);
        },
        validPaths: (paths) => new Set(paths.filter((path) => !path.includes('-gone'))),
      },
    });
    expect(await fixture.queue.enqueue(gone!, ticket(1))).toMatchObject({ ok: true, cached: false });
    broken = true;
    expect(await fixture.queue.enqueue(there!, ticket(2))).toMatchObject({ ok: true, cached: true });
  });
});

describe('what was built', () => {
  it('is kept from the garbage collector for a while, and what builds still need as long as that takes', async () => {
    const [first, second] = await instantiateAll(`
      let dep = sh "dep-k" { } "echo dep > $out"; in {
        a = sh "first-k" { } "echo > $out";
        b = sh "second-k" { inherit dep; slow = sh "slow-k" { } "\${gate "k"} echo > $out"; } "read x < $dep; echo $x > $out"; }`);
    const dep = (await runProcess(['nix-store', '--query', '--requisites', second!])).stdout
      .split('\n')
      .find((path) => path.endsWith('-dep-k.drv'))!;
    // Not built by us: a daemon that builds keeps what it built for as long as it lives.
    await runProcess(['nix-store', '--realise', first!, dep]);
    await using fixture = await queueFixture({ keepMs: 500 });
    const waiting = fixture.queue.enqueue(second!, ticket(2));
    await fixture.atGate('k');
    const done = await fixture.queue.enqueue(first!, ticket(1));
    const output = done.ok ? done.outputs.get('out')! : first!;
    const collected = async (): Promise<boolean> => {
      await runProcess(['nix-store', '--gc']);
      return !(await fixture.store.isValidPath(output));
    };
    expect(await collected()).toBe(false);
    await expect.poll(collected, { timeout: 20_000 }).toBe(true);
    await fixture.open('k');
    expect((await waiting).ok).toBe(true);
    expect(fixture.of('step.done').map(({ name }) => name)).toEqual(['slow-k', 'second-k']);
  });

  it('leaves a log that is compressed, and never overwritten', async () => {
    const drvPath = await instantiate(
      `sh "wordy" { } "i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done; exit 1"`,
    );
    await using fixture = await queueFixture({ compressLogs: true });
    const outcomes = [
      await fixture.queue.enqueue(drvPath, ticket(1)),
      await fixture.queue.enqueue(drvPath, ticket(2)),
    ];
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.ok || outcome.logFile === undefined) throw new Error('it cannot be built');
      expect(outcome.logFile).toMatch(new RegExp(`-wordy\\.drv\\.${index + 1}\\.log$`));
      await expect.poll(() => existsSync(outcome.logFile!)).toBe(false);
      const text = zstdDecompressSync(await readFile(`${outcome.logFile}.zst`)).toString();
      expect(text.split('\n')).toHaveLength(501);
    }
  });
});

describe('content-addressed derivations', () => {
  const nixConfig = 'experimental-features = nix-command ca-derivations';

  it('stop early: what depends on equal outputs of different derivations is built once', async () => {
    const content = '__contentAddressed = true; outputHashMode = "recursive"; outputHashAlgo = "sha256";';
    const drvPaths = await instantiateAll(
      `let
        upstream = tag: sh "upstream" { inherit tag; ${content} } "echo same > $out";
        downstream = tag: sh "downstream" { dep = upstream tag; ${content} } "read x < $dep; echo $x > $out; echo built";
      in { a = downstream "1"; b = downstream "2"; }`,
      { NIX_CONFIG: nixConfig },
    );
    const recorder = keepingRecorder();
    await using fixture = await queueFixture({ nixConfig, recorder });
    const outcomes = [];
    for (const [index, drvPath] of drvPaths.entries()) {
      outcomes.push(await fixture.queue.enqueue(drvPath, ticket(index)));
    }
    expect(outcomes[0]).toMatchObject({ ok: true });
    expect(outcomes[1]).toMatchObject({ ok: true, outputs: outcomes[0]?.ok && outcomes[0].outputs });
    expect(fixture.of('step.log').map(({ line }) => line)).toEqual(['built']);
    const [built, again] = recorder.of('downstream');
    expect(built).toMatchObject({
      step: { outputs: { out: null } },
      ended: { result: { how: 'built', outputs: { out: expect.stringMatching(/-downstream$/) } } },
    });
    expect(again?.ended?.result).toMatchObject({ ok: true, how: 'already-valid' });
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
    // The second is planned too: else nobody else wants the shared step yet.
    await expect.poll(() => fixture.queue.counts).toMatchObject({ builds: 2, steps: 4 });
    cancel.abort();
    expect(await cancelled).toMatchObject({ ok: false, reason: 'cancelled', drvPath: one });
    await expect.poll(() => recorder.of('own-c')[0]?.ended?.result).toMatchObject({ reason: 'cancelled' });
    expect(fixture.queue.counts).toMatchObject({ builds: 1, running: 1 });
    await fixture.open('c1');
    expect((await other).ok).toBe(true);
    expect(fixture.of('step.started').map(({ name }) => name)).not.toContain('one-c');
  });

  it('works before a build was planned, and before it was asked for', async () => {
    const [one, two, blocker] = await instantiateAll(
      `{ a = sh "one-q" { } "echo > $out"; b = sh "two-q" { } "echo > $out"; c = sh "block-q" { } "\${gate "q"} echo > $out"; }`,
    );
    await using fixture = await queueFixture({ slots: 1, planConcurrency: 1 });
    const block = fixture.queue.build(blocker!);
    await fixture.atGate('q');
    const cancel = new AbortController();
    const queued = fixture.queue.enqueue(one!, ticket(1, { signal: cancel.signal }));
    cancel.abort();
    const late = fixture.queue.enqueue(two!, ticket(2, { signal: cancel.signal }));
    expect(await Promise.all([queued, late])).toMatchObject([
      { reason: 'cancelled' },
      { reason: 'cancelled' },
    ]);
    await fixture.open('q');
    await block;
    expect(fixture.queue.counts).toEqual({ builds: 0, steps: 0, runnable: 0, running: 0 });
    expect(fixture.of('step.started')).toHaveLength(1);
  });

  it('tries a step again that somebody else comes to want while it ends', async () => {
    const drvPath = await instantiate(`sh "wanted" { } "\${gate "w"} echo > $out"`);
    await using fixture = await queueFixture();
    const cancel = new AbortController();
    const cancelled = fixture.queue.enqueue(drvPath, ticket(1, { signal: cancel.signal }));
    await fixture.atGate('w');
    await fixture.open('w');
    cancel.abort();
    const other = fixture.queue.enqueue(drvPath, ticket(2));
    expect(await cancelled).toMatchObject({ reason: 'cancelled' });
    expect((await other).ok).toBe(true);
    expect(fixture.queue.builders()).toMatchObject([{ lastLoss: null }]);
  });
});
