import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFleetCopier, type FleetCopier } from '../../src/deploy/copy/create-fleet-copier.ts';
import type { HostFacts } from '../../src/deploy/session/host-facts.ts';
import type { HostSession } from '../../src/deploy/session/host-session.ts';
import type { ProteusEvent } from '../../src/events/event.ts';
import type { StorePath } from '../../src/nix/store-path.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import { labSession } from './lab-session.ts';

let lab: Lab;
let store: Store;
let hosts: LabHost[];

beforeAll(async () => {
  store = await openStore({ type: 'local' });
  lab = await createLab();
  hosts = await Promise.all(['one', 'two', 'three'].map((name) => lab.addHost(name)));
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

let count = 0;
/** A path of so many random bytes that refers to others. */
async function addPath(bytes: number, references: readonly StorePath[] = []): Promise<StorePath> {
  count += 1;
  const name = `part-${count}`;
  const content = Buffer.concat([randomBytes(bytes), Buffer.from(`\n${references.join('\n')}`)]);
  return store.addToStore({ name, method: 'text', content, references });
}

async function withSession<T>(
  host: LabHost,
  work: (session: HostSession) => Promise<T>,
  facts: Partial<HostFacts> = {},
): Promise<T> {
  await using session = await labSession(host, facts);
  return await work(session);
}

const events: ProteusEvent[] = [];
const quiet = {
  signal: new AbortController().signal,
  onLine: () => {},
  emit: (event: ProteusEvent) => events.push(event),
};

const isValid = (host: LabHost, path: StorePath) =>
  host.exec(['nix-store', '--check-validity', path], { okCodes: [0, 1] }).then(({ code }) => code === 0);

function copy(copier: FleetCopier, host: LabHost, root: StorePath) {
  return withSession(host, (session) => copier.copy(session, { roots: [root], substitute: false }, quiet));
}

describe('createFleetCopier', () => {
  it('sends a closure to many hosts, and reads it once', async () => {
    await using copier = createFleetCopier({ store });
    const large = await addPath(3_000_000);
    const root = await addPath(10, [large]);
    const copied = await Promise.all(hosts.map((host) => copy(copier, host, root)));
    expect(copied.map(({ paths, substituted }) => [paths, substituted])).toEqual([
      [2, 0],
      [2, 0],
      [2, 0],
    ]);
    // Six blocks of half a mebibyte, and one of the root.
    expect(copier.counters.read).toBe(7);
    for (const host of hosts) {
      expect(await isValid(host, root)).toBe(true);
      await host.exec(['nix-store', '--verify-path', root, large]);
    }
    expect(await copy(copier, hosts[0]!, root)).toEqual({ paths: 0, bytes: 0, substituted: 0 });
  });
});
