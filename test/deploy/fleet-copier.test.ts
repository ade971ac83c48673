import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFleetCopier, type FleetCopier } from '../../src/deploy/copy/create-fleet-copier.ts';
import type { HostSession } from '../../src/deploy/session/host-session.ts';
import { openHostSession } from '../../src/deploy/session/open-host-session.ts';
import type { ProteusEvent } from '../../src/events/event.ts';
import type { StorePath } from '../../src/nix/store-path.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { AddPacked, Store } from '../../src/store/store.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';

let lab: Lab;
let store: Store;
let hosts: LabHost[];
let events: ProteusEvent[];

beforeAll(async () => {
  store = await openStore({ type: 'local' });
  lab = await createLab();
  hosts = await Promise.all(['one', 'two', 'three'].map((name) => lab.addHost(name)));
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});
beforeEach(() => {
  events = [];
});

let count = 0;
/** A path of so many random bytes that refers to others. */
async function addPath(bytes: number, references: readonly StorePath[] = []): Promise<StorePath> {
  count += 1;
  const name = `part-${count}`;
  const content = Buffer.concat([randomBytes(bytes), Buffer.from(`\n${references.join('\n')}`)]);
  return store.addToStore({ name, method: 'text', content, references });
}

const quiet = {
  signal: new AbortController().signal,
  onLine: () => {},
  emit: (event: ProteusEvent) => events.push(event),
};

const open = ({ name, ssh: { target, settings } }: LabHost): Promise<HostSession> =>
  openHostSession({ name, target }, { ssh: settings, signal: quiet.signal });
const isValid = (host: LabHost, path: StorePath) =>
  host.exec(['nix-store', '--check-validity', path], { okCodes: [0, 1] }).then(({ code }) => code === 0);

async function copy(copier: FleetCopier, host: LabHost, root: StorePath) {
  await using session = await open(host);
  return await copier.copy(session, { roots: [root], substitute: false }, quiet);
}

/** Has the session send by `send`. */
function replaceAddPacked(session: HostSession, send: (real: AddPacked) => AddPacked): void {
  const { addPacked } = session.store;
  if (addPacked === undefined) throw new Error('the store takes nothing packed');
  Object.defineProperty(session.store, 'addPacked', { value: send(addPacked) });
}

/** Has the content of the last path that is sent as it is go through `cut`. */
function cutPlain(
  session: HostSession,
  cut: (nar: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
): void {
  const real = session.store.addMultipleToStore.bind(session.store);
  const value: Store['addMultipleToStore'] = (paths, options) =>
    real(
      paths.map((path, index) => (index < paths.length - 1 ? path : { ...path, nar: () => cut(path.nar()) })),
      options,
    );
  Object.defineProperty(session.store, 'addMultipleToStore', { value });
}

describe('createFleetCopier', () => {
  it('sends a closure to many hosts, packed where they can unpack, and reads it once', async () => {
    await using copier = createFleetCopier({ store });
    const large = await addPath(3_000_000);
    const root = await addPath(10, [large]);
    await hosts[2]?.exec('mount --bind /dev/null /usr/bin/zstd');
    const packed = await Promise.all(hosts.slice(0, 2).map((host) => copy(copier, host, root)));
    // Six blocks of half a mebibyte, and one of the root.
    expect(copier.counters.read).toBe(7);
    const plain = await copy(copier, hosts[2]!, root);
    expect([...packed, plain].map(({ paths, substituted }) => [paths, substituted])).toEqual(
      hosts.map(() => [2, 0]),
    );
    expect(copier.counters.read).toBe(7 + 7);
    for (const host of hosts) await host.exec(['nix-store', '--verify-path', root, large]);
    expect(await copy(copier, hosts[0]!, root)).toEqual({ paths: 0, bytes: 0, substituted: 0 });
    expect(events.filter(({ type }) => type === 'copy.done')).toHaveLength(3);
    expect(events[0]).toMatchObject({ type: 'copy.started', paths: 2 });
  });

  it('keeps what arrived when the connection breaks, and sends the rest the next time', async () => {
    const [host] = hosts as [LabHost];
    const parts = [await addPath(600_000), await addPath(600_000), await addPath(600_000)];
    const root = await addPath(10, parts);
    await using copier = createFleetCopier({ store });
    {
      await using session = await open(host);
      replaceAddPacked(session, (real) => (n, packed, options) => {
        const cut = async function* () {
          let sent = 0;
          for await (const frame of packed) {
            // Two blocks make a path; the third begins the next one.
            if (sent === 3) {
              await expect
                .poll(async () =>
                  (await Promise.all(parts.map((part) => isValid(host, part)))).includes(true),
                )
                .toBe(true);
              await host.killSshd();
            }
            sent += 1;
            yield frame;
          }
        };
        return real(n, cut(), options);
      });
      await expect(copier.copy(session, { roots: [root], substitute: false }, quiet)).rejects.toMatchObject({
        code: 'store.unreachable',
      });
    }
    await host.startSshd();
    expect(await copy(copier, host, root)).toMatchObject({ paths: 3 });
    await host.exec(['nix-store', '--verify-path', root, ...parts]);
  });

  it.each(['packed', 'plain'] as const)(
    'sends a large path anew that was cut in its middle, %s',
    async (way) => {
      const host = hosts[way === 'packed' ? 0 : 2]!;
      const before = await addPath(600_000);
      const large = await addPath(6_000_000, [before]);
      await using copier = createFleetCopier({ store });
      const cut = async function* (blocks: AsyncIterable<Uint8Array>) {
        let sent = 0;
        for await (const block of blocks) {
          if (sent === 8) {
            await expect.poll(() => isValid(host, before)).toBe(true);
            await host.killSshd();
          }
          sent += 1;
          yield block;
        }
      };
      {
        await using session = await open(host);
        if (way === 'packed')
          replaceAddPacked(session, (real) => (n, all, options) => real(n, cut(all), options));
        else cutPlain(session, cut);
        await expect(
          copier.copy(session, { roots: [large], substitute: false }, quiet),
        ).rejects.toMatchObject({
          code: 'store.unreachable',
        });
      }
      await host.startSshd();
      expect([await isValid(host, before), await isValid(host, large)]).toEqual([true, false]);
      expect(await copy(copier, host, large)).toMatchObject({ paths: 1 });
      await host.exec(['nix-store', '--verify-path', before, large]);
    },
  );

  it('keeps all of a closure from the collector of the host while the session lasts', async () => {
    const [host] = hosts as [LabHost];
    const part = await addPath(100);
    const root = await addPath(10, [part]);
    await using copier = createFleetCopier({ store });
    {
      await using session = await open(host);
      await copier.copy(session, { roots: [root], substitute: false }, quiet);
      await host.exec(['nix-store', '--gc']);
      expect(await isValid(host, root)).toBe(true);
    }
    await expect
      .poll(() =>
        host
          .exec(`nix-store --gc; ! nix-store --check-validity ${root}`, { okCodes: [0, 1] })
          .then(({ code }) => code),
      )
      .toBe(0);
  });

  it('refuses what does not fit before it sends anything, and says so when the disk is full all the same', async () => {
    const host = hosts[1]!;
    await host.exec('mount -o remount,size=16m /nix');
    const parts = [await addPath(4_000_000), await addPath(30_000_000)];
    const root = await addPath(10, parts);
    await using copier = createFleetCopier({ store });
    await expect(copy(copier, host, root)).rejects.toMatchObject({
      code: 'deploy.no-space',
      message: expect.stringMatching(
        /^two lacks 3 paths of 32 MiB together, which need \d+ MiB free in .+; it has [\d.]+ MiB$/,
      ),
    });
    expect(copier.counters.read).toBe(0);
    {
      await using session = await open(host);
      const facts = { ...session.facts, freeBytes: 1e12 };
      const hopeful = { ...session, facts };
      await expect(copier.copy(hopeful, { roots: [root], substitute: false }, quiet)).rejects.toMatchObject({
        code: 'deploy.no-space',
        message: expect.stringContaining('two ran out of space'),
      });
    }
    await host.exec('mount -o remount,size=400m /nix');
    const { paths } = await copy(copier, host, root);
    expect(paths).toBeLessThanOrEqual(3);
    await host.exec(['nix-store', '--verify-path', root, ...parts]);
  });

  it('ends at once when it is told to, also while others go on', async () => {
    const root = await addPath(2_000_000);
    await using copier = createFleetCopier({ store });
    const ending = new AbortController();
    await using session = await open(hosts[0]!);
    replaceAddPacked(session, (real) => (n, packed, options) => {
      const stopped = async function* () {
        for await (const frame of packed) {
          ending.abort();
          yield frame;
        }
      };
      return real(n, stopped(), options);
    });
    const options = { ...quiet, signal: ending.signal };
    const [one, other] = await Promise.allSettled([
      copier.copy(session, { roots: [root], substitute: false }, options),
      copy(copier, hosts[1]!, root),
    ]);
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'interrupted' } });
    expect(other).toMatchObject({ status: 'fulfilled', value: { paths: 1 } });
  });

  it('says which path is not there to be copied', async () => {
    await using copier = createFleetCopier({ store });
    const none = '/nix/store/00000000000000000000000000000000-none' as StorePath; // valid as a name
    await expect(copy(copier, hosts[0]!, none)).rejects.toMatchObject({
      code: 'store.path-missing',
      message: `${none} is not valid in local`,
    });
  });
});
