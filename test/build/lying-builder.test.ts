/** Builders that are not what they say: a real store with a daemon of its own, some of whose answers are changed. */

import { mkdtemp, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { Builder } from '../../src/build/builder.ts';
import type { StorePath } from '../../src/nix/store-path.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { BuildResult, Store } from '../../src/store/store.ts';
import { instantiate, instantiateAll } from './instantiate.ts';
import { type QueueFixture, queueFixture } from './queue-fixture.ts';

type Lies = (honest: Store) => Partial<Store>;

/** A builder for i586-linux with a store under a root of its own. */
async function builder(name: string, lies: Lies = () => ({})): Promise<Builder> {
  const root = await mkdtemp(`/nix/var/${name}.`);
  const argv = ['nix-daemon', '--stdio', '--store', `local?root=${root}`] as const;
  return {
    name,
    systems: ['i586-linux'],
    emulatedSystems: [],
    supportedFeatures: [],
    mandatoryFeatures: [],
    slots: 1,
    speedFactor: name === 'liar' ? 10 : 1,
    isLocal: false,
    settings: { 'extra-platforms': 'i586-linux' },
    async open(signal) {
      const honest = await openStore({ type: 'command', argv, name }, { signal });
      const told = lies(honest);
      return new Proxy(honest, {
        get(target, key) {
          const value: unknown = Reflect.get(key in told ? told : target, key);
          return typeof value === 'function' ? value.bind(key in told ? told : target) : value;
        },
      });
    },
  };
}

/** Builds with a liar, which is asked first, and an honest builder; tells what was lost. */
async function withLiar(drvPath: StorePath, lies: Lies): Promise<{ fixture: QueueFixture; message: string }> {
  const fixture = await queueFixture({ remote: [await builder('liar', lies), await builder('honest')] });
  const outcome = await fixture.queue.build(drvPath);
  expect(outcome).toMatchObject({ ok: true });
  expect(fixture.of('step.done')).toMatchObject([{ builder: 'honest', how: 'built' }]);
  const [lost, ...others] = fixture.of('step.failed');
  expect(others).toEqual([]);
  expect(lost).toMatchObject({ builder: 'liar', reason: 'builder-lost', willRetry: true });
  return { fixture, message: lost?.message ?? '' };
}

const built: BuildResult = {
  status: 'built',
  errorMessage: '',
  startTime: 0,
  stopTime: 0,
  builtOutputs: new Map(),
};

it('that says it built what it does not have is lost, and the step built elsewhere', async () => {
  const drvPath = await instantiate(`sh "absent" { system = "i586-linux"; } "echo > $out"`);
  const { fixture, message } = await withLiar(drvPath, () => ({ buildDerivation: async () => built }));
  await using _fixture = fixture;
  expect(message).toMatch(/^liar: it says that it built \/nix\/store\/.*-absent, which is not there$/);
  expect(fixture.queue.builders()).toMatchObject([
    { name: 'local' },
    { name: 'liar', lastLoss: expect.stringContaining('it says that it built') },
    { name: 'honest', lastLoss: null },
  ]);
});

it('that sends another NAR than it promises is lost', async () => {
  const drvPath = await instantiate(`sh "bytes" { system = "i586-linux"; } "echo right > $out"`);
  const { fixture, message } = await withLiar(drvPath, (honest) => ({
    async *narFromPath(info, options) {
      for await (const chunk of honest.narFromPath(info, options)) {
        yield Buffer.from(Buffer.from(chunk).toString('latin1').replace('right', 'wrong'), 'latin1');
      }
    },
  }));
  await using _fixture = fixture;
  expect(message).toMatch(/-bytes is damaged: its NAR has the hash/);
  const [done] = fixture.of('step.done');
  expect(done?.name).toBe('bytes');
});

it('that has another content for a fixed output is lost, whether it says so or not', async () => {
  const fixed = (name: string): string => `
    sh "${name}" { system = "i586-linux"; outputHashMode = "flat"; outputHashAlgo = "sha256";
      outputHash = builtins.hashString "sha256" "right\\n"; } "echo right > $out"`;
  const wrong = `sh "wrong" { system = "i586-linux"; } "echo wrong > $out"`;
  const [says, silent, other] = await instantiateAll(
    `{ a = ${fixed('fixed-a')}; b = ${fixed('fixed-b')}; c = ${wrong}; }`,
  );
  // What it has for the output is what it built for another derivation.
  const swapped = (honest: Store, contentAddress: (given: string) => string): Partial<Store> => ({
    async buildDerivation(drvPath, drv, options) {
      return honest.buildDerivation(drvPath, drv, options);
    },
    async queryPathInfos(paths, options) {
      const infos = await honest.queryPathInfos(paths, options);
      const wrongPath = await builtThere(honest, other!);
      const wrongInfo = await honest.queryPathInfo(wrongPath);
      return new Map(
        [...infos].map(([path, info]) => [
          path,
          { ...wrongInfo!, path, contentAddress: contentAddress(info.contentAddress) },
        ]),
      );
    },
    async *narFromPath(info, options) {
      const wrongInfo = await honest.queryPathInfo(await builtThere(honest, other!));
      yield* honest.narFromPath({ ...info, path: wrongInfo!.path }, options);
    },
  });
  const first = await withLiar(says!, (honest) => swapped(honest, () => ''));
  await using _first = first.fixture;
  expect(first.message).toMatch(
    /it has the content address \(none\) there, where the derivation wants fixed:sha256:/,
  );
  const second = await withLiar(silent!, (honest) => swapped(honest, (given) => given));
  await using _second = second.fixture;
  expect(second.message).toMatch(/hash mismatch/);
  const outcome = await second.fixture.queue.build(silent!);
  expect(await readFile(outcome.ok ? outcome.outputs.get('out')! : '', 'utf8')).toBe('right\n');
});

/** Builds a derivation without inputs there; its output. */
async function builtThere(store: Store, drvPath: StorePath): Promise<StorePath> {
  const { parseDerivation } = await import('../../src/nix/parse-derivation.ts');
  const { inputDerivations: _none, ...drv } = parseDerivation(await readFile(drvPath), drvPath);
  await store.buildDerivation(drvPath, drv, { settings: { 'extra-platforms': 'i586-linux' } });
  return drv.outputs.get('out')!.path!;
}

it('that refers to what we do not have is lost, and brings nothing of it in', async () => {
  const [drvPath, smuggled] = await instantiateAll(`{
    a = sh "references" { system = "i586-linux"; } "echo > $out";
    b = sh "smuggled" { system = "i586-linux"; } "echo evil > $out"; }`);
  let path: StorePath | undefined;
  const { fixture } = await withLiar(drvPath!, (honest) => ({
    async queryPathInfos(paths, options) {
      const infos = await honest.queryPathInfos(paths, options);
      const evil = await builtThere(honest, smuggled!);
      path = evil;
      return new Map([...infos].map(([key, info]) => [key, { ...info, references: [evil] }]));
    },
  }));
  await using _fixture = fixture;
  expect(path).toBeDefined();
  expect(await fixture.store.isValidPath(path!)).toBe(false);
});

it('that says nothing any more is given up, at every stage', async () => {
  const never = (): Promise<never> => new Promise(() => {});
  const stages: Record<string, Lies> = {
    sending: () => ({ queryValidPaths: never }),
    receiving: () => ({ queryPathInfos: never }),
    keeping: () => ({ leaseTempRoots: never }),
  };
  for (const [stage, lies] of Object.entries(stages)) {
    const drvPath = await instantiate(`sh "${stage}" { system = "i586-linux"; } "echo > $out"`);
    await using fixture = await queueFixture({
      remote: [await builder('liar', lies), await builder('honest')],
      stallMs: 300,
    });
    expect((await fixture.queue.build(drvPath)).ok).toBe(true);
    expect(fixture.of('step.failed')).toMatchObject([
      {
        builder: 'liar',
        reason: 'builder-lost',
        message: expect.stringMatching(/nothing has moved for 300 ms$/),
      },
    ]);
  }
});

it('that does not even greet is given up', async () => {
  const drvPath = await instantiate(`sh "greeting" { system = "i586-linux"; } "echo > $out"`);
  const silent: Builder = {
    ...(await builder('liar')),
    open: (signal) => openStore({ type: 'command', argv: ['cat'], name: 'liar' }, { signal }),
  };
  await using fixture = await queueFixture({ remote: [silent, await builder('honest')], stallMs: 300 });
  expect((await fixture.queue.build(drvPath)).ok).toBe(true);
  expect(fixture.of('step.failed')).toHaveLength(1);
});
