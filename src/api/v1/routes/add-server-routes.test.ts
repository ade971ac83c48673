import { describe, expect, it } from 'vitest';
import type { BuilderStatus } from '../../../build/scheduler.ts';
import { parseStorePath } from '../../../nix/store-path.ts';
import { openTestApi, testPath } from '../../testing/test-api.ts';
import { pageOf } from '../schemas/paging.ts';
import { builder, retentionPlan, server } from '../schemas/server.ts';

const status: BuilderStatus = {
  name: 'ssh-ng://b1',
  systems: ['x86_64-linux', 'aarch64-linux'],
  emulatedSystems: ['aarch64-linux'],
  supportedFeatures: ['kvm'],
  mandatoryFeatures: [],
  speedFactor: 1.5,
  slots: 4,
  isLocal: false,
  drained: false,
  avoidedUntil: 5,
  lastLoss: 'the connection broke',
  running: [{ drvPath: parseStorePath(testPath('web.drv')), owner: 1, phase: 'building', since: 3 }],
};

describe('the server', () => {
  it('says what it has in hand', async () => {
    await using api = await openTestApi();
    await api.evaluated(await api.jobset(), [{ job: 'a' }, { job: 'b' }]);
    api.builders.push(status);
    const answer = await api.json('/api/v1/server');

    expect(server.strict().parse(answer)).toEqual({
      version: '1.2.3',
      counts: { queuedBuilds: 2, runningSteps: 1, runningEvaluations: 0, builders: 1 },
    });
  });
});

describe('builders', () => {
  it('are told', async () => {
    await using api = await openTestApi();
    api.builders.push(status);
    const answer = await api.json('/api/v1/builders');

    expect(pageOf(builder.strict()).parse(answer)).toEqual({ items: [status], total: 1, next: null });
  });

  it('are drained by administrators, whatever is in their names', async () => {
    await using api = await openTestApi();
    api.builders.push(status);
    const path = `/api/v1/builders/${encodeURIComponent(status.name)}/drain`;
    const drain = (as: string, body: object, wanted: number): Promise<unknown> =>
      api.json(path, { method: 'POST', as, body, status: wanted });

    expect(await drain('root', { drained: true }, 200)).toMatchObject({ name: 'ssh-ng://b1', drained: true });
    expect(await drain('root', { drained: false }, 200)).toMatchObject({ drained: false });
    await drain('olga', { drained: true }, 403);
    expect(await drain('root', { drained: 1 }, 400)).toMatchObject({
      error: expect.stringContaining('drained'),
    });
    await drain('root', {}, 400);
    await api.json(path, { method: 'POST', as: 'root', status: 400 });
    expect(api.told).toEqual(['drain ssh-ng://b1 by root', 'undrain ssh-ng://b1 by root']);
  });

  it('that are not there cannot be drained', async () => {
    await using api = await openTestApi();
    const options = { method: 'POST', as: 'root', body: { drained: true }, status: 404 };

    expect(await api.json('/api/v1/builders/nosuch/drain', options)).toMatchObject({
      code: 'builder.unknown',
    });
  });
});

describe('retention', () => {
  it('is told before it is done, to administrators', async () => {
    await using api = await openTestApi();
    const removed = ['a', 'b', 'c'].map((root) => ({ root, path: testPath(root), why: 'nothing keeps it' }));
    api.plan = { kept: 7, removed };
    const answer = await api.json('/api/v1/retention?limit=2', { as: 'root' });

    expect(retentionPlan.parse(answer)).toEqual({
      kept: 7,
      removed: { items: removed.slice(0, 2), total: 3, next: 2 },
    });
    expect(api.told).toEqual([]);
    await api.json('/api/v1/retention', { method: 'POST', as: 'root' });
    expect(api.told).toEqual(['apply retention']);
    await api.json('/api/v1/retention', { as: 'olga', status: 403 });
    await api.json('/api/v1/retention', { method: 'POST', as: 'olga', status: 403 });
  });
});
