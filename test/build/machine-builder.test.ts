import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Builder } from '../../src/build/builder.ts';
import { parseBuildersOption } from '../../src/build/builders-option.ts';
import { machineBuilder } from '../../src/build/machine-builder.ts';
import { openStore } from '../../src/store/open-store.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import { instantiate, instantiateAll } from './instantiate.ts';
import { queueFixture } from './queue-fixture.ts';

let lab: Lab;
let host: LabHost;
let other: LabHost;

beforeAll(async () => {
  lab = await createLab();
  [host, other] = await Promise.all([lab.addHost('forge'), lab.addHost('anvil')]);
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

/** A line of the machines file. */
function machineLine(of: LabHost, system: string, jobs = 2, hostKey = of.hostKey): string {
  const key = Buffer.from(hostKey).toString('base64');
  return `ssh-ng://root@${of.address} ${system} ${lab.identityFile} ${jobs} 1 - - ${key}`;
}

/** A builder for a system of its own, so that nobody else takes its steps. */
function builder(of: LabHost, system = 'i586-linux'): Builder {
  const [made] = parseBuildersOption(machineLine(of, system), { defaultSystem: 'x86_64-linux' });
  return { ...made!, settings: { 'extra-platforms': system } };
}

/** Times that somebody logged in on a host. */
async function logins(of: LabHost): Promise<number> {
  return (await readFile(of.path('/var/log/sshd.log'), 'utf8')).match(/Accepted publickey/g)?.length ?? 0;
}

it('sends inputs, builds there, and brings the same outputs back', async () => {
  const drvPath = await instantiate(`
    let
      local = sh "local-input" { } "echo made here > $out";
      source = builtins.toFile "source" "a source";
    in sh "remote-a" {
      system = "i586-linux"; inherit local source; outputs = [ "out" "dev" ];
    } "read x < $local; read y < $source || true; echo $x and $y; echo $x > $out; echo $out > $dev"`);
  const forge = builder(host);
  await using fixture = await queueFixture({ remote: [forge] });

  const outcome = await fixture.queue.build(drvPath);

  if (!outcome.ok) throw new Error(outcome.message);
  expect(fixture.of('step.started').map(({ name, builder: on }) => [name, on])).toEqual([
    ['local-input', 'local'],
    ['remote-a', `ssh-ng://root@${host.address}`],
  ]);
  const phases = fixture.of('step.phase').filter((event) => event.drvPath === drvPath);
  expect(phases.map((event) => event.phase)).toEqual([
    'connecting',
    'sending-inputs',
    'building',
    'receiving-outputs',
  ]);
  expect(fixture.of('step.log')).toMatchObject([{ drvPath, line: 'made here and a source' }]);
  await using there = await forge.open();
  for (const path of outcome.outputs.values()) {
    const [mine, theirs] = [await fixture.store.queryPathInfo(path), await there.queryPathInfo(path)];
    expect(mine?.narHash).toBe(theirs?.narHash);
    expect(mine?.references).toEqual(theirs?.references);
    expect(mine).toMatchObject({ ultimate: false, deriver: drvPath });
  }
  // Derivation files stay here.
  expect(await there.isValidPath(drvPath)).toBe(false);
});

it('builds as many at a time as the machine has slots, over one store', async () => {
  const drvPaths = await instantiateAll(`
    builtins.listToAttrs (map (n: { name = "s\${n}"; value =
      sh "par-\${n}" { system = "i586-linux"; } "echo up; sleep 0.3; echo \${n} > $out"; }) [ "1" "2" "3" "4" ])`);
  await using fixture = await queueFixture({ remote: [builder(host)] });
  const outcomes = await Promise.all(drvPaths.map((drvPath) => fixture.queue.build(drvPath)));
  expect(outcomes.every((outcome) => outcome.ok)).toBe(true);
  let running = 0;
  let most = 0;
  for (const event of fixture.events) {
    if (event.type === 'step.started') running += 1;
    if (event.type === 'step.done') running -= 1;
    most = Math.max(most, running);
  }
  expect(most).toBe(2);
});

it('logs in once, however many connections there are', async () => {
  const drvPaths = await instantiateAll(`
    builtins.listToAttrs (map (n: { name = "l\${n}"; value =
      sh "login-\${n}" { system = "i586-linux"; } "echo \${n} > $out"; }) [ "1" "2" "3" "4" "5" "6" ])`);
  const before = await logins(host);
  await using fixture = await queueFixture({ remote: [builder(host)] });
  const outcomes = await Promise.all(drvPaths.map((drvPath) => fixture.queue.build(drvPath)));
  expect(outcomes.every((outcome) => outcome.ok)).toBe(true);
  expect((await logins(host)) - before).toBe(1);
});

it('ends a build there that is cancelled, and keeps the connection for the next', async () => {
  const [endless, next] = await instantiateAll(`{
    a = sh "endless" { system = "i586-linux"; } "echo working; sleep 300; echo marker-gone > $out";
    b = sh "next" { system = "i586-linux"; } "echo > $out"; }`);
  const before = await logins(host);
  await using fixture = await queueFixture({ remote: [builder(host)] });
  const cancel = new AbortController();
  const ticket = { id: 1, share: 1, globalPriority: 0, priority: 0, signal: cancel.signal };
  const build = fixture.queue.enqueue(endless!, ticket);
  await fixture.seen((event) => event.type === 'step.log' && event.line === 'working');
  cancel.abort();
  expect(await build).toMatchObject({ ok: false, reason: 'cancelled' });
  const left = async (): Promise<string> =>
    (await host.exec('ps -e -o args | grep "[m]arker-gone" || true')).stdout;
  await expect.poll(left, { timeout: 10_000 }).toBe('');
  expect((await fixture.queue.build(next!)).ok).toBe(true);
  expect((await logins(host)) - before).toBe(1);
  expect(fixture.queue.builders()[1]).toMatchObject({ lastLoss: null, avoidedUntil: null });
});

it('builds elsewhere what was lost with its builder', async () => {
  const drvPath = await instantiate(`
    sh "lost" { system = "i586-linux"; } "echo working; sleep 1; echo done > $out"`);
  const [forge, anvil] = [builder(host), { ...builder(other), speedFactor: 0.5 }];
  await using fixture = await queueFixture({ remote: [forge, anvil] });
  const build = fixture.queue.build(drvPath);
  await fixture.seen((event) => event.type === 'step.log' && event.line === 'working');
  await host.killSshd();
  const outcome = await build;
  await host.startSshd();

  if (!outcome.ok) throw new Error(outcome.message);
  expect(fixture.of('step.failed')).toMatchObject([
    { builder: forge.name, reason: 'builder-lost', willRetry: true, logTail: ['working'] },
  ]);
  expect(fixture.of('step.started').map((event) => [event.builder, event.attempt])).toEqual([
    [forge.name, 1],
    [anvil.name, 2],
  ]);
  expect(fixture.of('step.done')).toMatchObject([{ builder: anvil.name, how: 'built' }]);
});

it('finds out that a builder is gone that only falls silent', async () => {
  const drvPath = await instantiate(
    `sh "cable" { system = "i586-linux"; } "echo working; sleep 2; echo > $out"`,
  );
  // What the user says of ssh wins: the default takes a minute to find out.
  const impatient = { ...process.env, NIX_SSHOPTS: '-o ServerAliveInterval=1 -o ServerAliveCountMax=2' };
  const [made] = parseBuildersOption(machineLine(host, 'i586-linux'), {
    defaultSystem: 'x86_64-linux',
    env: impatient,
  });
  const forge: Builder = { ...made!, settings: { 'extra-platforms': 'i586-linux' } };
  const anvil = { ...builder(other), speedFactor: 0.5 };
  await using fixture = await queueFixture({ remote: [forge, anvil] });
  const build = fixture.queue.build(drvPath);
  await fixture.seen((event) => event.type === 'step.log' && event.line === 'working');
  await host.cutNetwork();
  const outcome = await build;
  await host.restoreNetwork();
  expect(outcome.ok).toBe(true);
  expect(fixture.of('step.failed')).toMatchObject([{ builder: forge.name, reason: 'builder-lost' }]);
  expect(fixture.of('step.done')).toMatchObject([{ builder: anvil.name }]);
});

it('tries a builder that was away again after a while', async () => {
  const drvPath = await instantiate(`sh "again" { system = "i586-linux"; } "echo done > $out"`);
  await host.killSshd();
  await using fixture = await queueFixture({ remote: [builder(host)], retryDelayMs: 500 });
  const build = fixture.queue.build(drvPath);
  await fixture.seen((event) => event.type === 'step.failed' && event.willRetry);
  await host.startSshd();
  expect((await build).ok).toBe(true);
});

it('gives up on a builder that never answers, naming it', async () => {
  const drvPath = await instantiate(`sh "never" { system = "i586-linux"; } "echo done > $out"`);
  await host.killSshd();
  await using fixture = await queueFixture({ remote: [builder(host)], retryDelayMs: 10, maxAttempts: 3 });
  const outcome = await fixture.queue.build(drvPath);
  await host.startSshd();
  expect(outcome).toMatchObject({ ok: false, reason: 'builder-lost', drvPath });
  expect(outcome.ok || outcome.message).toContain(host.address);
  expect(fixture.of('step.started')).toHaveLength(3);
});

it('tells a build that fails there from a builder that is lost', async () => {
  const drvPath = await instantiate(`sh "fails-there" { system = "i586-linux"; } "echo bad news; exit 7"`);
  await using fixture = await queueFixture({ remote: [builder(host)] });
  const outcome = await fixture.queue.build(drvPath);
  expect(outcome).toMatchObject({ ok: false, reason: 'build-failed', logTail: ['bad news'] });
  expect(fixture.of('step.started')).toHaveLength(1);
});

it('leaves no process there when it is interrupted', async () => {
  const drvPath = await instantiate(
    `sh "cut-off" { system = "i586-linux"; } "echo working; sleep 300; echo marker-cut > $out"`,
  );
  const fixture = await queueFixture({ remote: [builder(host)] });
  const end = fixture.queue.build(drvPath).catch((error: unknown) => error);
  await fixture.seen((event) => event.type === 'step.log' && event.line === 'working');
  await fixture[Symbol.asyncDispose]();
  expect(await end).toMatchObject({ code: 'interrupted' });
  const left = async (): Promise<string> =>
    (await host.exec('ps -e -o args | grep "[m]arker-cut\\|[n]ix-daemon" || true')).stdout;
  await expect.poll(left, { timeout: 10_000 }).toBe('');
});

it('trusts only the host key of the machines file', async () => {
  {
    await using store = await builder(host).open();
    expect(store.trusted).not.toBe(false);
  }
  const [wrong] = parseBuildersOption(machineLine(host, 'i586-linux', 1, other.hostKey), {
    defaultSystem: 'x86_64-linux',
  });
  await expect(wrong!.open()).rejects.toMatchObject({
    code: 'store.unreachable',
    message: expect.stringMatching(/host key/i),
  });
});

it('uses NIX_SSHOPTS, so that an alias of the ssh configuration is a host name', async () => {
  const machine = {
    storeUri: 'ssh://anvil',
    systems: ['i586-linux'],
    sshKey: undefined,
    maxJobs: 1,
    speedFactor: 1,
    supportedFeatures: [],
    mandatoryFeatures: [],
    hostPublicKey: undefined,
  };
  await using store = await machineBuilder(machine, { env: { ...process.env, ...lab.environment } }).open();
  await using local = await openStore({ type: 'local' });
  expect(store.nixVersion).toBe(local.nixVersion);
});
