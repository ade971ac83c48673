import { describe, expect, it } from 'vitest';
import type { CacheRetentionPlan } from '../../../cache/retention/cache-retention.ts';
import { openTestApi } from '../../testing/test-api.ts';
import { cacheRetentionPlan } from '../schemas/server.ts';

const removed = ['a', 'b', 'c'].map((name) => ({
  ...{ cache: 'main', path: `/nix/store/${name}`, narSize: 4, lastUsedAt: 5, why: 'nothing keeps it' },
}));
const plan: CacheRetentionPlan = {
  at: 9,
  keptPaths: 7,
  paths: removed,
  files: [
    { fileHash: 'x', fileSize: 10, notBefore: null },
    { fileHash: 'y', fileSize: 20, notBefore: 99 },
    { fileHash: 'z', fileSize: 30, notBefore: 98 },
  ],
  extras: [
    { cache: null, kind: 'log', name: 'a.drv', bytes: 5 },
    { cache: 'main', kind: 'log', name: 'b.drv', bytes: 6 },
    { cache: 'main', kind: 'build-trace', name: 'a.drv!out', bytes: 7 },
  ],
};

describe('what caches let go', () => {
  it('is told before it is done, to administrators', async () => {
    const done: string[] = [];
    const tell = (what: string) => async () => {
      done.push(what);
      return plan;
    };
    await using api = await openTestApi({}, { cacheRetention: { plan: tell('plan'), apply: tell('apply') } });
    const path = '/api/v1/caches/retention';
    const answer = await api.json(`${path}?limit=2`, { as: 'root' });

    expect(cacheRetentionPlan.parse(answer)).toEqual({
      keptPaths: 7,
      paths: { items: removed.slice(0, 2), total: 3, next: 2 },
      files: { now: { count: 1, bytes: 10 }, later: { count: 2, bytes: 50 } },
      extras: {
        logs: { count: 2, bytes: 11 },
        realisations: { count: 1, bytes: 7 },
        list: { items: plan.extras.slice(0, 2), total: 3, next: 2 },
      },
    });
    await api.json(path, { method: 'POST', as: 'root' });
    await api.json(path, { as: 'olga', status: 403 });
    await api.json(path, { method: 'POST', as: 'olga', status: 403 });
    expect(done).toEqual(['plan', 'apply']);
  });

  it('is nothing where no caches are kept', async () => {
    await using api = await openTestApi();

    expect(await api.json('/api/v1/caches/retention', { as: 'root', status: 404 })).toMatchObject({
      error: 'This server keeps no caches.',
    });
  });
});
