import { readdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import { instantiate, instantiateAll } from './instantiate.ts';
import { queueFixture } from './queue-fixture.ts';

const diamond = (tag: string): string => `
  let
    base = sh "base-${tag}" { } "echo base > $out; echo base says hello";
    left = sh "left-${tag}" { inherit base; } "read x < $base; echo left $x > $out";
    right = sh "right-${tag}" { inherit base; } "read x < $base; echo right $x > $out";
  in sh "top-${tag}" { inherit left right; } "read l < $left; read r < $right; echo $l $r > $out"`;

/** Processes of this world whose command line holds the text. */
async function processesWith(text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(text) && Number(pid) !== process.pid) found.push(line);
  }
  return found;
}

/** The processes above `pid` whose command line holds the text. */
async function ancestors(pid: string, text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (let at = pid; Number(at) > 1; ) {
    const line = await readFile(`/proc/${at}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(text)) found.push(at);
    at = /^PPid:\s+(\d+)$/m.exec(await readFile(`/proc/${at}/status`, 'utf8').catch(() => ''))?.[1] ?? '0';
  }
  return found;
}

describe('what is built', () => {
  it('builds a diamond, each derivation once and after what it needs', async () => {
    await using fixture = await queueFixture();
    const outcome = await fixture.queue.build(await instantiate(diamond('a')));

    if (!outcome.ok) throw new Error(outcome.message);
    expect(await readFile(outcome.outputs.get('out')!, 'utf8')).toBe('left base right base\n');
    const order = fixture.of('step.done').map((event) => event.name);
    expect([...order].sort()).toEqual(['base-a', 'left-a', 'right-a', 'top-a']);
    expect([order[0], order[3]]).toEqual(['base-a', 'top-a']);
    expect(fixture.of('build.planned')).toEqual([{ type: 'build.planned', toBuild: 4, toSubstitute: 0 }]);
    expect(fixture.of('build.done')).toMatchObject([{ built: 4, failed: 0 }]);
    expect(fixture.of('step.log')).toMatchObject([{ line: 'base says hello' }]);
    // What was built names its derivation, as when Nix builds it.
    const info = await fixture.store.queryPathInfo(outcome.outputs.get('out')!);
    expect(info?.deriver).toMatch(/-top-a\.drv$/);
    expect(info?.ultimate).toBe(true);
  });

  it('does not build again what is valid, nor look at what only that needs', async () => {
    const drvPath = await instantiate(diamond('b'));
    await runProcess(['nix-store', '--realise', drvPath]);
    await using fixture = await queueFixture();

    const outcome = await fixture.queue.build(drvPath);

    expect(outcome).toMatchObject({ ok: true, cached: true });
    expect(fixture.of('step.started')).toEqual([]);
    expect(fixture.of('build.planned')).toEqual([]);
  });

  it('builds only the missing part of a graph', async () => {
    const [base, top] = await instantiateAll(`
      let base = sh "base-c" { } "echo base > $out";
      in { a = base; b = sh "top-c" { inherit base; } "read x < $base; echo $x > $out"; }`);
    await runProcess(['nix-store', '--realise', base!]);
    await using fixture = await queueFixture();
    expect((await fixture.queue.build(top!)).ok).toBe(true);
    expect(fixture.of('step.done').map((event) => event.name)).toEqual(['top-c']);
  });

  it('builds all outputs, and only the wanted ones decide what is there', async () => {
    const drvPath = await instantiate(`
      sh "user-d" {
        dep = (sh "multi-d" { outputs = [ "out" "doc" ]; } "echo out > $out; echo doc > $doc").doc;
      } "read x < $dep; echo $x > $out"`);
    await using fixture = await queueFixture();
    const outcome = await fixture.queue.build(drvPath);
    if (!outcome.ok) throw new Error(outcome.message);
    expect(await readFile(outcome.outputs.get('out')!, 'utf8')).toBe('doc\n');
  });

  it('builds what requests share once, also when one comes while others build', async () => {
    const [first, second] = await instantiateAll(`
      let base = sh "base-e" { } "\${gate "e"} echo base > $out";
      in {
        a = sh "first-e" { inherit base; } "read x < $base; echo first $x > $out";
        b = sh "second-e" { inherit base; } "read x < $base; echo second $x > $out";
      }`);
    await using fixture = await queueFixture();
    const one = fixture.queue.build(first!);
    await fixture.atGate('e');
    const two = fixture.queue.build(second!);
    await fixture.seen((event) => event.type === 'build.planned' && event.toBuild === 1);
    await fixture.open('e');

    expect((await one).ok && (await two).ok).toBe(true);
    const built = fixture.of('step.done').map((event) => event.name);
    expect(built.sort()).toEqual(['base-e', 'first-e', 'second-e']);
  });

  it('uses all slots of the builder, and no more', async () => {
    const drvPaths = await instantiateAll(`{
      a = sh "a-f" { } "\${gate "f1"} echo a > $out";
      b = sh "b-f" { } "\${gate "f2"} echo b > $out";
      c = sh "c-f" { } "echo c > $out";
    }`);
    await using fixture = await queueFixture({ slots: 2 });
    const builds = drvPaths.slice(0, 2).map((drvPath) => fixture.queue.build(drvPath));
    await Promise.all([fixture.atGate('f1'), fixture.atGate('f2')]);
    builds.push(fixture.queue.build(drvPaths[2]!));
    await fixture.seen(() => fixture.of('build.planned').length === 3);
    expect(
      fixture
        .of('step.started')
        .map((event) => event.name)
        .sort(),
    ).toEqual(['a-f', 'b-f']);
    await fixture.open('f1');
    await builds[2];
    await fixture.open('f2');
    expect((await Promise.all(builds)).every((outcome) => outcome.ok)).toBe(true);
  });

  it('keeps one log per attempt, named for the derivation', async () => {
    const drvPath = await instantiate(
      `sh "logged" { } "echo one; echo two; echo three > /dev/stderr; exit 1"`,
    );
    await using fixture = await queueFixture();
    const first = await fixture.queue.build(drvPath);
    const second = await fixture.queue.build(drvPath);
    if (first.ok || second.ok) throw new Error('it cannot be built');
    const base = drvPath.slice('/nix/store/'.length);
    expect(first.logFile).toMatch(new RegExp(`/${base.slice(0, 2)}/${base}\\.1\\.log$`));
    expect(second.logFile).toBe(first.logFile?.replace('.1.log', '.2.log'));
    expect(await readFile(first.logFile!, 'utf8')).toBe('one\ntwo\nthree\n');
  });
});

describe('content-addressed derivations', () => {
  const nixConfig = 'experimental-features = nix-command ca-derivations';

  it('builds those whose output is only known afterwards, and what uses them', async () => {
    const drvPath = await instantiate(
      `let
        floating = sh "floating-p" { __contentAddressed = true; outputHashMode = "recursive"; outputHashAlgo = "sha256"; } "echo content > $out";
      in sh "user-p" { inherit floating; plain = sh "plain-p" { } "echo plain > $out"; } "read x < $floating; read y < $plain; echo $x $y > $out"`,
      { NIX_CONFIG: nixConfig },
    );
    await using fixture = await queueFixture({ nixConfig });
    const outcome = await fixture.queue.build(drvPath);
    if (!outcome.ok) throw new Error(outcome.message);
    expect(await readFile(outcome.outputs.get('out')!, 'utf8')).toBe('content plain\n');
    expect(await fixture.queue.build(drvPath)).toEqual({ ...outcome, cached: true });
    expect(
      fixture
        .of('step.started')
        .map((event) => event.name)
        .sort(),
    ).toEqual(['floating-p', 'plain-p', 'user-p']);
  });
});

describe('trouble of our own', () => {
  it('tries again when the local daemon of one build is gone', async () => {
    const drvPath = await instantiate(`sh "orphan" { } "\${gate "q"} echo marker-q > $out"`);
    const pids: string[] = [];
    await using fixture = await queueFixture();
    const build = fixture.queue.build(drvPath);
    await fixture.atGate('q');
    // The build's parent is the daemon of its connection.
    const { stdout } = await runProcess(['pgrep', '-f', 'marker-q']);
    for (const pid of stdout.trim().split('\n')) pids.push(...(await ancestors(pid, 'nix-daemon')));
    await fixture.open('q');
    for (const pid of new Set(pids)) process.kill(Number(pid), 'SIGKILL');
    expect(await build).toMatchObject({ ok: true });
    expect(fixture.of('step.failed')).toMatchObject([
      { reason: 'builder-lost', willRetry: true, builder: 'local' },
    ]);
    expect(fixture.of('step.started').map((event) => event.attempt)).toEqual([1, 2]);
  });

  it('rejects when the store that holds the derivations is gone', async () => {
    const drvPath = await instantiate(`sh "no-store" { } "\${gate "r"} echo > $out"`);
    await using fixture = await queueFixture();
    await fixture.store[Symbol.asyncDispose]();
    await expect(fixture.queue.build(drvPath)).rejects.toMatchObject({ code: 'store.unreachable' });
  });

  it('rejects when the log cannot be written, as that is no fault of the derivation', async () => {
    const drvPath = await instantiate(`sh "no-log" { } "echo > $out"`);
    await writeFile('/nix/var/no-folder', '');
    await using fixture = await queueFixture({ logDirectory: '/nix/var/no-folder' });
    await expect(fixture.queue.build(drvPath)).rejects.toThrow(/ENOTDIR|EEXIST/);
  });
});

describe('what fails', () => {
  it('names the derivation that failed first and quotes its log; the rest is built', async () => {
    const [bad, good] = await instantiateAll(`
      let broken = sh "broken-g" { } "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do echo line $i; done; exit 3";
      in {
        a = sh "top-g" { dep = sh "mid-g" { inherit broken; } "echo > $out"; } "echo > $out";
        b = sh "good-g" { } "echo fine > $out";
      }`);
    await using fixture = await queueFixture();
    const [outcome, other] = await Promise.all([fixture.queue.build(bad!), fixture.queue.build(good!)]);

    expect(other.ok).toBe(true);
    if (outcome.ok) throw new Error('it cannot be built');
    expect(outcome.drvPath).toMatch(/-broken-g\.drv$/);
    expect(outcome.reason).toBe('build-failed');
    expect(outcome.message).toMatch(/^builder (?:for '.*-broken-g\.drv' )?failed with exit code 3$/);
    expect(outcome.logTail).toHaveLength(25);
    expect(outcome.logTail.at(-1)).toBe('line 30');
    expect(fixture.of('step.failed')).toMatchObject([
      { name: 'broken-g', reason: 'build-failed', builder: 'local', willRetry: false },
      { name: 'mid-g', reason: 'dependency-failed', builder: '' },
      { name: 'top-g', reason: 'dependency-failed', message: expect.stringContaining('it needs broken-g') },
    ]);
    expect(fixture.of('build.done')).toMatchObject([{ built: 1, failed: 1 }]);
  });

  it('does not build what only a failed derivation needed', async () => {
    const drvPath = await instantiate(`
      sh "top-h" {
        a = sh "a-h" { broken = sh "broken-h" { } "\${gate "h"} exit 1"; } "echo > $out";
        b = sh "b-h" { busy = sh "busy-h" { } "\${gate "h2"} echo > $out"; } "echo > $out";
        later = sh "later-h" { } "echo > $out";
      } "echo > $out"`);
    await using fixture = await queueFixture({ slots: 2 });
    const build = fixture.queue.build(drvPath);
    await Promise.all([fixture.atGate('h'), fixture.atGate('h2')]);
    await fixture.open('h');
    expect(await build).toMatchObject({ ok: false, drvPath: expect.stringMatching(/-broken-h\.drv$/) });
    expect(fixture.of('step.started').map((event) => event.name)).not.toContain('later-h');
    expect(fixture.of('step.failed').find((event) => event.name === 'later-h')).toMatchObject({
      reason: 'cancelled',
      message: 'not built: only what failed with broken-h needed it',
    });
    await fixture.open('h2');
    await fixture.seen((event) => event.type === 'step.done' && event.name === 'busy-h');
  });

  it('says who could not build a system that nobody has', async () => {
    const drvPath = await instantiate(`sh "eiffel" { system = "s390x-linux"; } "echo > $out"`);
    await using fixture = await queueFixture();
    expect(await fixture.queue.build(drvPath)).toMatchObject({
      ok: false,
      drvPath,
      reason: 'unsupported',
      message: expect.stringMatching(
        /^eiffel wants s390x-linux; no builder has it: local has x86_64-linux,.*register emulation/,
      ),
      logFile: undefined,
    });
  });

  it('says when an output is not what was promised', async () => {
    const drvPath = await instantiate(`
      sh "fixed" { outputHash = "0000000000000000000000000000000000000000000000000000000000000000"; outputHashAlgo = "sha256"; } "echo > $out"`);
    await using fixture = await queueFixture();
    expect(await fixture.queue.build(drvPath)).toMatchObject({
      ok: false,
      reason: 'output-rejected',
      message: expect.stringContaining('hash mismatch'),
    });
  });

  it('rejects when the derivation is not there', async () => {
    await using fixture = await queueFixture();
    const drvPath = (await instantiate(`sh "gone" { } ""`)).replace(/.{3}-gone/, '000-gone') as never;
    await expect(fixture.queue.build(drvPath)).rejects.toThrow(/cannot read the derivation .*-gone\.drv/);
  });
});

describe('limits', () => {
  it('ends a build that is silent for too long, or takes too long, or prints too much', async () => {
    const drvPaths = await instantiateAll(`{
      a = sh "silent" { } "echo before; sleep 60";
      b = sh "chatty" { } "while true; do echo still here; sleep 0.2; done";
      c = sh "loud" { } "while true; do echo 12345678901234567890123456789012345678901234567890; done";
    }`);
    await using fixture = await queueFixture({ maxSilentSeconds: 1, timeoutSeconds: 3, maxLogBytes: 10_000 });
    const outcomes = await Promise.all(drvPaths.map((drvPath) => fixture.queue.build(drvPath)));
    expect(outcomes.map((outcome) => outcome.ok || outcome.reason)).toEqual([
      'silent',
      'timed-out',
      'log-limit',
    ]);
    expect(outcomes[0]).toMatchObject({ logTail: ['before'] });
    expect(await processesWith('still here')).toEqual([]);
  });
});

describe('interruption', () => {
  it('ends running builds and leaves no process', async () => {
    const drvPath = await instantiate(`sh "endless" { } "\${gate "i"} echo marker-i > $out"`);
    const abort = new AbortController();
    await using fixture = await queueFixture({ signal: abort.signal });
    const end = fixture.queue.build(drvPath).catch((error: unknown) => error);
    await fixture.atGate('i');
    expect(await processesWith('marker-i')).not.toEqual([]);

    abort.abort();
    expect(await end).toMatchObject({ code: 'interrupted' });
    await fixture.queue[Symbol.asyncDispose]();

    await expect.poll(() => processesWith('marker-i')).toEqual([]);
    await expect(fixture.queue.build(drvPath)).rejects.toMatchObject({ code: 'interrupted' });
    expect(fixture.of('step.failed')).toMatchObject([{ reason: 'cancelled' }]);
  });

  it('is the same when the queue is disposed of', async () => {
    const drvPath = await instantiate(`sh "endless-too" { } "\${gate "j"} echo marker-j > $out"`);
    const fixture = await queueFixture();
    const end = fixture.queue.build(drvPath).catch((error: unknown) => error);
    await fixture.atGate('j');
    await fixture[Symbol.asyncDispose]();
    expect(await end).toMatchObject({ code: 'interrupted' });
    await expect.poll(() => processesWith('marker-j')).toEqual([]);
  });
});

describe('garbage collection', () => {
  it('in the middle takes nothing that the queue still needs, and everything afterwards', async () => {
    const [dep, top] = await instantiateAll(`
      let
        dep = sh "dep-k" { } "echo dep > $out";
        slow = sh "slow-k" { } "\${gate "k"} echo slow > $out";
      in { a = dep; b = sh "top-k" { inherit dep slow; } "read x < $dep; echo $x > $out"; }`);
    await runProcess(['nix-store', '--realise', dep!]);
    const fixture = await queueFixture();
    const build = fixture.queue.build(top!);
    await fixture.atGate('k');
    await runProcess(['nix-store', '--gc']);
    await fixture.open('k');
    const outcome = await build;
    if (!outcome.ok) throw new Error(outcome.message);
    expect(fixture.of('step.done').map((event) => event.name)).toEqual(['slow-k', 'top-k']);
    await runProcess(['nix-store', '--gc']);
    expect(await fixture.store.isValidPath(outcome.outputs.get('out')!)).toBe(true);

    await fixture[Symbol.asyncDispose]();
    const { stdout } = await runProcess(['nix-store', '--gc']);
    expect(stdout).toBeDefined();
    await expect(readFile(outcome.outputs.get('out')!)).rejects.toThrow('ENOENT');
  });
});
