import { describe, expect, it } from 'vitest';
import { openTestApi, origin, password, type TestApi } from '../testing/test-api.ts';

async function sessionOf(api: TestApi, username: string): Promise<string> {
  const response = await api.request('/login', {
    method: 'POST',
    body: { username, password },
    headers: { Referer: origin },
  });
  return response.headers.get('Set-Cookie') ?? '';
}

async function open(settings = {}): Promise<{ api: TestApi; Cookie: string }> {
  const api = await openTestApi(settings);
  await api.evaluated(await api.jobset(), [{ job: 'web' }]);
  return { api, Cookie: '' };
}

describe('a POST', () => {
  const push = async (api: TestApi, headers: Record<string, string>): Promise<number> =>
    (await api.request('/api/push?jobsets=tests:trunk', { method: 'POST', headers })).status;

  it.each([
    { Referer: origin },
    { Referer: `${origin}/` },
    { Referer: `${origin}/jobset/tests/trunk?x=y` },
    { Origin: origin },
    { Referer: `${origin}/`, Origin: 'http://elsewhere' },
  ])('with %j is from here', async (headers) => {
    const { api } = await open();
    await using _ = api;

    expect(await push(api, { ...headers, Cookie: await sessionOf(api, 'root') })).toBe(200);
  });

  it.each([
    {},
    { Referer: '' },
    { Referer: 'http://elsewhere/' },
    { Referer: `${origin}.elsewhere/` },
    { Referer: `${origin}:81/` },
    { Referer: 'https://localhost/' },
    { Referer: `http://elsewhere/?${origin}/` },
    { Origin: 'null' },
    { Referer: 'http://elsewhere/', Origin: origin },
  ])('with %j is not', async (headers) => {
    const { api } = await open();
    await using _ = api;
    const cookie = await sessionOf(api, 'root');

    expect(await push(api, { ...headers, Cookie: cookie })).toBe(403);
    expect(api.told).toEqual([]);
  });

  it('says where it should come from', async () => {
    const { api } = await open({ baseUrl: 'https://ci.example.org/hydra/' });
    await using _ = api;

    expect(await api.json('/login', { method: 'POST', body: {}, status: 403 })).toMatchObject({
      error: 'POST requests should come from ‘https://ci.example.org/hydra/’.',
    });
    await api.json('/login', {
      method: 'POST',
      body: {},
      headers: { Referer: 'https://ci.example.org/hydra/project/x' },
      status: 400,
    });
    // Asked for directly, past the proxy.
    await api.json('/login', { method: 'POST', body: {}, headers: { Origin: origin }, status: 400 });
    await api.json('/login', {
      method: 'POST',
      body: {},
      headers: { Referer: 'https://ci.example.org/other' },
      status: 403,
    });
  });

  it('through a proxy with TLS is from here', async () => {
    const { api } = await open();
    await using _ = api;
    const headers = { 'X-Forwarded-Proto': 'https', Referer: 'https://localhost/' };

    const refused = await api.json('/login', { method: 'POST', body: {}, headers, status: 400 });
    expect(refused).toMatchObject({ error: expect.stringContaining('username') });
  });

  it('with a token may come from anywhere', async () => {
    const { api } = await open();
    await using _ = api;

    await api.json('/api/push?jobsets=tests:trunk', { method: 'POST', as: 'root' });
    await api.json('/api/push?jobsets=tests:trunk', {
      method: 'POST',
      as: 'root',
      headers: { Referer: 'http://elsewhere/', 'Sec-Fetch-Site': 'cross-site' },
    });
    expect(api.told).toHaveLength(2);
  });
});

describe('a GET, PUT or DELETE that changes something', () => {
  const cases: readonly (readonly [string, string, object | undefined])[] = [
    ['GET', '/build/1/bump', undefined],
    ['GET', '/eval/1/bump', undefined],
    ['GET', '/admin/clear-failed-cache', undefined],
    ['PUT', '/project/tests', { displayname: 'X' }],
    ['DELETE', '/jobset/tests/trunk', undefined],
  ];

  it.each(cases)('%s %s is refused when another site makes the browser do it', async (method, path, body) => {
    const { api } = await open();
    await using _ = api;
    const Cookie = await sessionOf(api, 'root');
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await api.request(path, { method, ...(body && { body }), headers: { Cookie, ...headers } })).status;

    expect(await status({ 'Sec-Fetch-Site': 'cross-site' })).toBe(403);
    expect(await status({ 'Sec-Fetch-Site': 'same-site' })).toBe(403);
    expect(await status({ Referer: 'http://elsewhere/' })).toBe(403);
    expect(await status({ Origin: 'http://elsewhere' })).toBe(403);
    expect(await status({ 'Sec-Fetch-Site': 'same-origin' })).toBeLessThan(400);
  });

  it('is done for programs, and for people who type its address', async () => {
    const { api } = await open();
    await using _ = api;
    const Cookie = await sessionOf(api, 'root');

    for (const headers of [{}, { 'Sec-Fetch-Site': 'none' }, { Referer: `${origin}/build/1` }]) {
      const response = await api.request('/build/1/bump', { headers: { Cookie, ...headers } });
      expect(response.status).toBe(302);
    }
  });
});
