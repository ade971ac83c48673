import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { parseStorePath, type StorePath } from '../../nix/store-path.ts';
import type { HostSession } from '../session/host-session.ts';
import type { ClosurePath } from './diff-closures.ts';
import { findHostDiff, type HostDiffRequest } from './find-host-diff.ts';

const path = (digit: string, name: string): StorePath =>
  parseStorePath(`/nix/store/${digit.repeat(32)}-${name}`);
const before = path('1', 'system-1');
const after = path('2', 'system-2');
const closures: Readonly<Record<string, readonly ClosurePath[]>> = {
  [before]: [
    { path: before, narSize: 10 },
    { path: path('3', 'hello-2.10'), narSize: 5 },
  ],
  [after]: [
    { path: after, narSize: 10 },
    { path: path('4', 'hello-2.12'), narSize: 7 },
  ],
};
const local = (...there: readonly StorePath[]) => ({
  closureOf: async (root: StorePath) => {
    if (!there.includes(root)) throw new Error('not here');
    return closures[root] ?? [];
  },
  unitsOf: async (root: StorePath) => (there.includes(root) ? new Map([['a.service', root]]) : undefined),
});

/** A host that has both systems, and says what it was asked; `silent`: it never answers. */
function host(change: { readonly silent?: boolean; readonly units?: readonly string[] } = {}) {
  const asked: string[] = [];
  const session = {
    store: {
      name: 'web01',
      queryPathInfos: async (paths: readonly StorePath[], { signal }: { signal: AbortSignal }) => {
        asked.push(`infos ${paths.join(' ')}`);
        if (change.silent) await once(signal, 'abort').then(() => signal.throwIfAborted());
        const known = Object.values(closures).flat();
        return new Map(
          paths.map((one) => {
            const references = closures[one]?.map((each) => each.path) ?? [];
            return [one, { ...known.find((each) => each.path === one), references }];
          }),
        );
      },
    },
    run: async (words: readonly string[], { onLine }: { onLine: (line: string) => void }) => {
      asked.push(words.join(' '));
      if (change.units === undefined) return 3;
      for (const line of change.units) onLine(line);
      return 0;
    },
  } as unknown as HostSession; // all that is asked of it here
  return { session, asked };
}

function find(
  request: Pick<HostDiffRequest, 'closureOf' | 'unitsOf'> & Partial<HostDiffRequest>,
  { session } = host(),
  signal = new AbortController().signal,
) {
  const usual = { arrival: Promise.resolve(), gone: new AbortController().signal };
  return findHostDiff(session, { before, after, ...usual, ...request }, { signal });
}

const hello = { name: 'hello', change: 'up', before: ['2.10'], after: ['2.12'] };

describe('findHostDiff', () => {
  it('compares what the local store has, and asks the host nothing', async () => {
    const { session, asked } = host();

    expect(await find(local(before, after), { session, asked })).toEqual({
      before,
      after,
      closure: {
        packages: [hello, { name: 'system', change: 'up', before: ['1'], after: ['2'] }],
        rebuilt: 0,
        bytesBefore: 15,
        bytesAfter: 17,
        newPaths: 2,
        newBytes: 17,
      },
      units: { added: [], removed: [], changed: ['a.service'] },
      unknown: [],
    });
    expect(asked).toEqual([]);
  });

  it('asks the host for what only the host has', async () => {
    const there = host({ units: ['a.service', 'b.timer', '//', `${before}/a`, `${before}/b`] });
    const diff = await find(local(after), there);

    expect(diff).toMatchObject({
      closure: { bytesBefore: 15, packages: [hello, {}] },
      units: { added: [], removed: ['b.timer'], changed: ['a.service'] },
      unknown: [],
    });
    expect(there.asked).toEqual(
      expect.arrayContaining([`infos ${before}`, expect.stringContaining(`cd ${before}/etc/systemd/system`)]),
    );
  });

  it('says what could not be had, and keeps the rest', async () => {
    const diff = await find(local(before, after), host());
    const without = await find({ ...local(before, after), unitsOf: async () => undefined }, host());

    expect(without).toEqual({
      ...diff,
      units: undefined,
      unknown: ['units: neither this machine nor the host can read those of both systems'],
    });
    expect(await find({ ...local(after), before: undefined })).toEqual({
      after,
      unknown: ['what it ran: it does not say'],
    });
  });

  it('finds nothing between equals, with the size of it', async () => {
    expect(await find({ ...local(before), after: before })).toMatchObject({
      closure: { packages: [], rebuilt: 0, bytesBefore: 15, bytesAfter: 15 },
      units: { added: [], removed: [], changed: [] },
    });
  });

  it('waits for what only the host will have, and asks for nothing else before', async () => {
    const there = host({ units: ['a.service', '//', `${after}/a`] });
    const arrival = Promise.withResolvers<void>();
    const finding = find({ ...local(before), arrival: arrival.promise }, there);
    await new Promise(setImmediate);
    expect(there.asked).toEqual([]);
    arrival.resolve();

    expect(await finding).toMatchObject({
      closure: { bytesAfter: 17 },
      units: { changed: ['a.service'] },
      unknown: [],
    });
  });

  it('asks nothing of a host that was let go, and says so', async () => {
    const word = 'the host was let go before it had told';
    const early = host();
    const controller = new AbortController();
    const waiting = find(
      { ...local(before), arrival: new Promise(() => {}), gone: controller.signal },
      early,
    );
    controller.abort();
    expect(await waiting).toEqual({ before, after, unknown: [`packages: ${word}`, `units: ${word}`] });
    expect(early.asked).toEqual([]);

    const gone = new AbortController();
    const late = host({ silent: true, units: [] });
    const asking = find({ ...local(after), gone: gone.signal }, late);
    await expect.poll(() => late.asked.length).toBe(2);
    gone.abort();
    expect((await asking).unknown).toContain(`packages: ${word}`);
  });

  it('ends when nobody wants to know any more', async () => {
    const controller = new AbortController();
    const finding = find(local(after), host({ silent: true }), controller.signal);
    controller.abort();

    await expect(finding).rejects.toThrow('aborted');
  });
});
