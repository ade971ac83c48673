import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseStorePath, type StorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { ciFixture } from './ci-fixture.ts';

describe('from a push to builds', () => {
  it('evaluates, builds, publishes and writes down', async () => {
    await using fixture = await ciFixture();
    const { repository, database, store, directory } = fixture;
    const revision = await repository.push(`{ ... }: {
      good = job "good-a" "echo built; echo good > $out";
      tree = sh "tree-a" { } ''
        mkdir -p $out/nix-support
        echo hello > $out/text.txt
        echo "doc none $out/text.txt" > $out/nix-support/hydra-build-products
        echo tree-1.0 > $out/nix-support/hydra-release-name
        echo "size 3 KiB" > $out/nix-support/hydra-metrics
      '' // { meta.description = "A tree"; };
    }`);
    const jobset = await fixture.jobset();
    const evaluation = await fixture.evaluate(jobset);

    expect(evaluation).toMatchObject({
      state: 'done',
      hasNewBuilds: true,
      inputs: [{ name: 'src', revision }],
    });
    const good = await fixture.built(evaluation, 'good');
    const tree = await fixture.built(evaluation, 'tree');
    expect(good).toMatchObject({ status: 0, isCached: false, isCurrent: true });
    expect(good.size).toBeGreaterThan(0);
    expect(tree).toMatchObject({ status: 0, releaseName: 'tree-1.0', description: 'A tree' });
    expect(await database.builds.products(tree.id)).toMatchObject([
      { number: 1, type: 'doc', subtype: 'none', name: 'text.txt', fileSize: 6 },
    ]);
    expect(await database.builds.metrics(tree.id)).toEqual([{ name: 'size', value: 3, unit: 'KiB' }]);

    const out = parseStorePath(good.outputs.out!);
    expect((await store.queryPathInfo(out))?.signatures).toEqual([expect.stringMatching(/^test-1:/)]);
    const steps = await database.steps.of(good.id);
    expect(steps).toMatchObject([{ number: 1, status: 0, builder: 'local', propagatedFrom: null }]);
    const log = await fixture.ci.logs.stat(steps[0]!.logFile!);
    expect(log).toEqual({ bytes: 'built\n'.length, live: false });
    const roots = join(directory, 'gcroots');
    expect(await Promise.all((await readdir(roots)).map((name) => readlink(join(roots, name))))).toContain(
      out,
    );
  });

  it('gives every kind of end its number', async () => {
    await using fixture = await ciFixture({ settings: { maxLogBytes: 100_000, maxOutputBytes: 1_000_000 } });
    await fixture.repository.push(`{ ... }: rec {
      succeeds = job "succeeds-b" "echo > $out";
      fails = job "fails-b" "\${gate "b"} exit 1";
      needsFailing = sh "needs-failing-b" { inherit fails; } "echo > $out";
      failsWithOutput = job "with-output-b" "mkdir -p $out/nix-support; echo > $out/nix-support/failed";
      silent = job "silent-b" "sleep 60" // { meta.maxSilent = 1; };
      endless = job "endless-b" "while true; do echo on; sleep 0.2; done" // { meta.timeout = 2; };
      chatty = job "chatty-b" "while true; do echo 12345678901234567890123456789012345678901234567890; done";
      large = job "large-b" "head -c 2000000 /dev/zero > $out";
    }`);
    const evaluation = await fixture.evaluate(await fixture.jobset());
    // Not earlier: what fails before anything needs it is known to fail, which is another end.
    await fixture.open('b');
    const statusOf = async (job: string) => (await fixture.built(evaluation, job)).status;

    expect({
      succeeds: await statusOf('succeeds'),
      fails: await statusOf('fails'),
      needsFailing: await statusOf('needsFailing'),
      failsWithOutput: await statusOf('failsWithOutput'),
      silent: await statusOf('silent'),
      endless: await statusOf('endless'),
      chatty: await statusOf('chatty'),
      large: await statusOf('large'),
    }).toEqual({
      succeeds: 0,
      fails: 1,
      needsFailing: 2,
      failsWithOutput: 6,
      silent: 7,
      endless: 7,
      chatty: 10,
      large: 11,
    });
    const needing = await fixture.build(evaluation, 'needsFailing');
    expect(needing.errorMessage).toMatch(/^fails-b: .*exit code 1$/);
    const failing = await fixture.build(evaluation, 'fails');
    // It was tried for the one that was the first to want it, and is told of the other one, too.
    const stepsOf = async (id: number) => fixture.database.steps.of(id);
    const steps = [await stepsOf(failing.id), await stepsOf(needing.id)].flat();
    const owner = steps[0]?.propagatedFrom === null ? failing.id : needing.id;
    const other = owner === failing.id ? needing.id : failing.id;
    const step = { status: 1, drvPath: failing.drvPath };
    expect(steps).toHaveLength(2);
    expect(await stepsOf(owner)).toMatchObject([{ ...step, propagatedFrom: null }]);
    expect(await stepsOf(other)).toMatchObject([{ ...step, propagatedFrom: owner }]);
  });

  it('builds while it still evaluates', async () => {
    await using fixture = await ciFixture();
    await fixture.repository.push(`{ ... }: {
      a = job "first-c" "echo > $out";
      z = builtins.seq (builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 8000000)) (job "last-c" "echo > $out");
    }`);
    const evaluation = await fixture.evaluate(await fixture.jobset());

    const order = fixture.events.map(({ type }) => type);
    expect(order.indexOf('ci.build.started')).toBeLessThan(order.indexOf('ci.evaluation.ended'));
    expect(await fixture.built(evaluation, 'z')).toMatchObject({ status: 0 });
  });

  it('makes no evaluation when nothing changed, and a third build when a change is taken back', async () => {
    await using fixture = await ciFixture();
    const jobset = await fixture.jobset();
    const ids: number[] = [];
    for (const text of ['A', 'B', 'A']) {
      await fixture.repository.push(`{ ... }: { a = job "letter-d" "echo ${text} > $out"; }`);
      const evaluation = await fixture.evaluate(jobset);
      ids.push((await fixture.built(evaluation, 'a')).id);
      expect(await fixture.evaluate(jobset)).toBeUndefined();
    }

    expect(new Set(ids).size).toBe(3);
    const records = await fixture.database.builds.getMany(ids);
    expect(records.map(({ isCached }) => isCached)).toEqual([false, false, true]);
    expect(records[2]?.outputs).toEqual(records[0]?.outputs);
  });

  it('tells errors of jobs, and builds the others', async () => {
    await using fixture = await ciFixture();
    await fixture.repository.push(`{ ... }: {
      fine = job "fine-e" "echo > $out";
      broken = throw "not today";
    }`);
    const jobset = await fixture.jobset();
    const evaluation = await fixture.evaluate(jobset);

    expect(await fixture.built(evaluation, 'fine')).toMatchObject({ status: 0 });
    expect(await fixture.database.evaluations.errors(evaluation!.id)).toMatchObject([
      { job: 'broken', message: expect.stringContaining('not today') },
    ]);
    expect((await fixture.database.jobsets.get(jobset.id))?.errorMessage).toMatch(
      /^in job ‘broken’:\n[\s\S]*not today[\s\S]*\n\n$/,
    );
  });
});

describe('people', () => {
  it('cancel a build and restart it', async () => {
    await using fixture = await ciFixture();
    await fixture.repository.push(`{ ... }: { a = job "gated-f" "\${gate "f"} echo > $out"; }`);
    const evaluation = await fixture.evaluate(await fixture.jobset());
    await fixture.atGate('f');
    const { id } = await fixture.build(evaluation, 'a');

    expect(await fixture.ci.builds.cancel([id])).toEqual([id]);
    expect(await fixture.built(evaluation, 'a')).toMatchObject({ status: 4 });
    await fixture.seen('ci.step.ended', (event) => event.build === id && event.status === 4);

    await fixture.open('f');
    expect(await fixture.ci.builds.restart([id])).toEqual([id]);
    expect(await fixture.built(evaluation, 'a')).toMatchObject({ id, status: 0, isCached: false });
    const logs = (await fixture.database.steps.of(id)).map(({ logFile }) => logFile);
    expect(logs).toEqual([expect.stringMatching(/\.1\.log$/), expect.stringMatching(/\.2\.log$/)]);
  });

  it('restart what failed, which is tried again although it is known to fail', async () => {
    await using fixture = await ciFixture();
    const text = (job: string) =>
      `{ ... }: { ${job} = sh "top-g" { dep = job "dep-g" "echo; test -e /gates/g && echo > $out"; } "echo > $out"; }`;
    await fixture.repository.push(text('a'));
    const jobset = await fixture.jobset();
    const first = await fixture.evaluate(jobset);
    expect(await fixture.built(first, 'a')).toMatchObject({ status: 2 });

    await fixture.repository.push(text('b'));
    const second = await fixture.evaluate(jobset);
    const known = await fixture.built(second, 'b');
    expect(known).toMatchObject({ status: 2 });
    expect(await fixture.database.steps.of(known.id)).toMatchObject([{ status: 8, builder: '' }]);

    await fixture.open('g');
    await fixture.ci.builds.restart([known.id]);
    expect(await fixture.built(second, 'b')).toMatchObject({ status: 0 });
  });

  it('follow a log while it is written', async () => {
    await using fixture = await ciFixture();
    await fixture.repository.push(
      `{ ... }: { a = job "told-h" "echo one; \${gate "h"} echo two; echo > $out"; }`,
    );
    const evaluation = await fixture.evaluate(await fixture.jobset());
    await fixture.atGate('h');
    const { id } = await fixture.build(evaluation, 'a');
    const [step] = await fixture.database.steps.of(id);
    expect(await fixture.ci.logs.stat(step!.logFile!)).toMatchObject({ live: true });
    const following = fixture.ci.logs.follow(step!.logFile!, 0, new AbortController().signal);
    let text = '';
    for await (const piece of following) {
      text += Buffer.from(piece).toString();
      if (text.includes('at gate')) await fixture.open('h');
    }

    expect(text).toBe('one\nat gate h\ntwo\n');
    await fixture.built(evaluation, 'a');
  });
});

describe('jobs that need jobs', () => {
  it('knows the members of aggregates', async () => {
    await using fixture = await ciFixture();
    await fixture.repository.push(`{ ... }: rec {
      a = job "a-i" "echo > $out";
      b = job "b-i" "echo > $out";
      all = sh "all-i" { _hydraAggregate = true; constituents = [ a "b" ]; } "echo > $out";
    }`);
    const evaluation = await fixture.evaluate(await fixture.jobset());
    const all = await fixture.built(evaluation, 'all');

    expect(all).toMatchObject({ status: 0 });
    const members = await fixture.database.builds.constituents(all.id);
    expect(members.map(({ job }) => job).sort()).toEqual(['a', 'b']);
  });

  it('takes the output of another jobset as an input', async () => {
    await using fixture = await ciFixture();
    await fixture.repository.push(`{ upstream ? null, ... }: if upstream == null
      then { lib = job "lib-j" "echo of the library > $out"; }
      else { app = sh "app-j" { inherit upstream; } "read x < $upstream; echo app $x > $out"; }`);
    const upstream = await fixture.jobset({ name: 'upstream' });
    const lib = await fixture.built(await fixture.evaluate(upstream), 'lib');
    const downstream = await fixture.jobset({
      name: 'downstream',
      inputs: [
        { name: 'src', type: 'git', value: fixture.repository.url, emailResponsible: false },
        { name: 'upstream', type: 'build', value: 'fleet:upstream:lib', emailResponsible: false },
      ],
    });
    const evaluation = await fixture.evaluate(downstream);
    const app = await fixture.built(evaluation, 'app');

    expect(await readFile(app.outputs.out!, 'utf8')).toBe('app of the library\n');
    expect(evaluation?.inputs).toMatchObject([
      {},
      { name: 'upstream', dependency: lib.id, path: lib.outputs.out },
    ]);
  });

  it('builds what an evaluation imports', async () => {
    await using fixture = await ciFixture();
    await fixture.repository.push(`{ ... }: {
      a = job "text-k-\${import (job "imported-k" "echo '\\"word\\"' > $out")}" "echo > $out";
      plain = job "plain-k" "echo > $out";
    }`);
    const jobset = await fixture.jobset({ allowImportFromDerivation: true });
    const evaluation = await fixture.evaluate(jobset);

    expect(await fixture.built(evaluation, 'a')).toMatchObject({ status: 0, nixName: 'text-k-word' });
    expect(fixture.events).toContainEqual(expect.objectContaining({ type: 'step.done', name: 'imported-k' }));
  });
});

describe('what is kept', () => {
  it('goes when newer evaluations replace it, as the dry run says', async () => {
    let time = Date.now();
    const fixture = await ciFixture({ now: () => time });
    const jobset = await fixture.jobset({ keepEvaluations: 1 });
    const outs: StorePath[] = [];
    for (const text of ['one', 'two']) {
      await fixture.repository.push(`{ ... }: { a = job "kept-l" "echo ${text} > $out"; }`);
      outs.push(parseStorePath((await fixture.built(await fixture.evaluate(jobset), 'a')).outputs.out!));
    }
    expect((await fixture.ci.retention.plan()).removed).toEqual([]);

    time += 2 * 3_600_000;
    const plan = await fixture.ci.retention.plan();
    expect(plan.removed.map(({ path }) => path)).toContain(outs[0]);
    expect(plan.removed.map(({ path }) => path)).not.toContain(outs[1]);
    expect(await fixture.ci.retention.apply()).toEqual(plan);

    // While it runs the server keeps for a while what it has built lately.
    await fixture[Symbol.asyncDispose]();
    const { stdout: live } = await runProcess(['nix-store', '--gc', '--print-live']);
    expect(live).toContain(outs[1]);
    expect(live).not.toContain(outs[0]);
  });
});
