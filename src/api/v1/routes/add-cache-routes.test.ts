import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashCacheToken } from '../../../cache/access/cache-token.ts';
import { openTestApi, type TestApi } from '../../testing/test-api.ts';

const caches = '/api/v1/caches';
const path = `/nix/store/${'0'.repeat(32)}-app`;
let api: TestApi;
beforeEach(async () => {
  api = await openTestApi();
});
afterEach(() => api[Symbol.asyncDispose]());

const send = (method: string, at: string, body?: unknown, status = 200): Promise<unknown> =>
  api.json(`${caches}${at}`, { method, as: 'root', status, ...(body === undefined ? {} : { body }) });
const get = (at = ''): Promise<unknown> => send('GET', at);
const team = { name: 'team', priority: 40, isPrivate: true, quota: 1000, keys: [] };

async function addPath(cacheId: number): Promise<void> {
  const common = { narHash: 'ab', narSize: 4 };
  const file = { ...common, fileHash: 'f', fileSize: 10, compression: 'zstd', createdAt: 1, verifiedAt: 1 };
  await api.database.storedNars.add(file);
  const row = { cacheId, hashPart: '0'.repeat(32), path, references: [], deriver: null, ca: null };
  await api.database.cachePaths.add(cacheId, [
    { ...row, ...common, signatures: [], fileHash: 'f', addedAt: 1, servedAt: 1 },
  ]);
}

describe('caches over HTTP', () => {
  it('are made, shown, changed and taken away', async () => {
    const made = await send('POST', '', { name: 'team', isPrivate: true, quota: 1000 }, 201);
    expect(made).toMatchObject({ ...team, createdAt: api.clock.now });
    expect(await get()).toMatchObject({
      items: [{ name: 'main' }, { ...team, paths: 0, bytes: 0 }],
      total: 2,
    });
    expect(await send('PATCH', '/team', { quota: null, keys: ['a-1'] })).toMatchObject({
      ...team,
      ...{ quota: null, keys: ['a-1'] },
    });
    expect(await get('/team')).toMatchObject({ priority: 40, keys: ['a-1'], pins: [], tokens: [] });
    expect(await send('DELETE', '/team')).toMatchObject({ name: 'team' });
    expect(await send('GET', '/team', undefined, 404)).toMatchObject({ code: 'cache.unknown' });
    expect(await get()).toMatchObject({ total: 1 });
  });

  it('have tokens, whose secret is told once', async () => {
    await send('POST', '', { name: 'team' }, 201);
    const wanted = { name: 'ci', mayPush: true };
    const made = (await send('POST', '/team/tokens', wanted, 201)) as {
      secret: string;
      token: { id: number };
    };
    expect(made.token).toMatchObject({ ...wanted, expiresAt: null });
    const hash = hashCacheToken(made.secret);
    expect(await api.database.cacheTokens.use(hash, api.clock.now)).toMatchObject({ name: 'ci' });
    const listed = await get('/team/tokens');
    expect(listed).toMatchObject({ items: [{ id: made.token.id, name: 'ci' }] });
    expect(JSON.stringify(listed)).not.toContain(made.secret);

    await send('DELETE', `/team/tokens/${made.token.id}`, undefined, 204);
    expect(await api.database.cacheTokens.use(hash, api.clock.now)).toBeUndefined();
    await send('DELETE', `/team/tokens/${made.token.id}`, undefined, 400);
    const late = { ...wanted, expiresAt: api.clock.now };
    expect(await send('POST', '/team/tokens', late, 400)).toMatchObject({ code: 'api.invalid' });
  });

  it('have pins, of paths that are there', async () => {
    const { id } = (await send('POST', '', { name: 'team' }, 201)) as { id: number };
    expect(await send('PUT', '/team/pins/release', { path }, 400)).toMatchObject({
      ...{ code: 'cache.invalid', error: `the cache team does not have ${path}` },
    });
    await addPath(id);
    expect(await send('PUT', '/team/pins/release', { path })).toMatchObject({ path, name: 'release' });
    expect(await get('/team')).toMatchObject({ pins: [{ name: 'release', path, expiresAt: null }] });
    await send('DELETE', '/team/pins/release', undefined, 204);
    expect(await get('/team')).toMatchObject({ pins: [] });
    await send('DELETE', '/team/pins/release', undefined, 400);
  });

  it('are for administrators', async () => {
    for (const [method, at, body] of [
      ['GET', ''],
      ['GET', '/main'],
      ['GET', '/main/tokens'],
      ['POST', '', { name: 'team' }],
      ['PATCH', '/main', { quota: 1 }],
      ['DELETE', '/main'],
      ['POST', '/main/tokens', { name: 'x' }],
      ['DELETE', '/main/tokens/1'],
      ['PUT', '/main/pins/x', { path }],
      ['DELETE', '/main/pins/x'],
    ] as const) {
      for (const as of ['olga', 'creator']) {
        await api.json(caches + at, { method, as, status: 403, ...(body === undefined ? {} : { body }) });
      }
    }
    expect(await get()).toMatchObject({ total: 1 });
  });

  it.each([
    ['POST', '', { name: 'Team!' }, 400, 'wanted a name of up to 64'],
    ['POST', '', { name: 'retention' }, 400, 'one of the API'],
    ['POST', '', { name: 'x', quota: -1 }, 400, 'quota'],
    ['POST', '', { name: 'x', more: 1 }, 400, 'more'],
    ['PATCH', '/main', { isPrivate: true }, 400, 'the configuration has private'],
    ['DELETE', '/main', undefined, 400, 'cannot be deleted'],
    ['PUT', '/main/pins/x', { path: '/etc/passwd' }, 400, '/etc/passwd'],
    ['GET', '/none', undefined, 404, "there is no cache 'none', only main"],
  ])('refuse %s %s %j', async (method, at, body, status, text) => {
    expect(await send(method, at, body, status)).toMatchObject({ error: expect.stringContaining(text) });
  });

  it('are each there once', async () => {
    await send('POST', '', { name: 'team' }, 201);
    const again = await api.request(caches, { method: 'POST', as: 'root', body: { name: 'team' } });
    expect(again.ok).toBe(false);
    expect(await again.json()).toMatchObject({ error: expect.stringContaining("'team'") });
  });
});
