import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CacheServer, startCacheServer } from '../../src/cache/start-cache-server.ts';
import { plannedHost, planOf } from '../../src/deploy/testing/plan-of.ts';
import type { ProteusEvent } from '../../src/events/event.ts';
import { printPublicKey } from '../../src/nix/public-key.ts';
import { generateSecretKey } from '../../src/nix/signing-key.ts';
import type { StorePath } from '../../src/nix/store-path.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { openStoreDatabase, type StoreDatabase } from '../../src/store/store-database.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import { buildStandInSystem } from '../lab/stand-in-system.ts';
import { rollOut } from './roll-out.ts';

let lab: Lab;
let store: Store;
let database: StoreDatabase;
let cache: CacheServer;
const key = generateSecretKey('lab-cache-1');

beforeAll(async () => {
  await buildStandInSystem({ name: 'first' });
  store = await openStore({ type: 'local' });
  database = await openStoreDatabase();
  cache = await startCacheServer({ store, database, keys: [key], host: '0.0.0.0', port: 0 });
  lab = await createLab();
});
afterAll(async () => {
  await cache[Symbol.asyncDispose]();
  database[Symbol.dispose]();
  await store[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

/** A host that has our cache, and checks signatures against this key. */
async function addHost(name: string, trusted = key): Promise<LabHost> {
  const host = await lab.addHost(name);
  await host.setNixConf({
    substituters: `http://${host.controlAddress}:${cache.address.port}`,
    'trusted-public-keys': printPublicKey(trusted.publicKey),
    'require-sigs': 'true',
  });
  return host;
}

async function deploy(host: LabHost, toplevel: StorePath, substitute: boolean) {
  const events: ProteusEvent[] = [];
  const { target, settings } = host.ssh;
  const before = cache.counters.nars;
  const { outcomes } = await rollOut(
    planOf('switch', [plannedHost({ name: host.name, target, toplevel, substitute })]),
    { store, ssh: settings, emit: (event) => events.push(event) },
  );
  const [outcome] = outcomes;
  const copied = events.flatMap((event) => (event.type === 'copy.done' ? [event.paths] : [])).at(-1) ?? 0;
  return { outcome, copied, fetched: cache.counters.nars - before };
}

describe('a host with our cache', () => {
  it('fetches by HTTP what it shall substitute, and nothing is sent', async () => {
    const host = await addHost('web01');
    const system = await buildStandInSystem({ name: 'web01' });
    expect(await deploy(host, system, true)).toEqual({
      outcome: { host: 'web01', result: 'deployed' },
      copied: 0,
      fetched: 1,
    });
    expect((await host.systemLog()).map(({ toplevel }) => toplevel)).toEqual([system]);
    await host.exec(['nix-store', '--verify-path', system]);
  });

  it('is sent everything when it shall not', async () => {
    const host = await addHost('web02');
    const system = await buildStandInSystem({ name: 'web02' });
    expect(await deploy(host, system, false)).toEqual({
      outcome: { host: 'web02', result: 'deployed' },
      copied: 1,
      fetched: 0,
    });
  });

  it('is sent what it does not trust the cache for', async () => {
    const host = await addHost('web03', generateSecretKey('lab-cache-1'));
    const system = await buildStandInSystem({ name: 'web03' });
    expect(await deploy(host, system, true)).toEqual({
      outcome: { host: 'web03', result: 'deployed' },
      copied: 1,
      fetched: 0,
    });
  });
});
