import { describe, expect, it } from 'vitest';
import { openTestApi, origin, password } from '../testing/test-api.ts';

describe('a private server', () => {
  it.each([
    '/',
    '/project/tests',
    '/api/queue?nr=1',
    '/api/v1/events',
    '/api/openapi.json',
    '/log/x',
    '/nosuch',
  ])('keeps %s to its users', async (path) => {
    await using api = await openTestApi({ private: true });
    const response = await api.request(path, { headers: { Accept: 'application/json' } });

    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: 'This page requires you to sign in.' });
  });

  it('lets people sign in', async () => {
    await using api = await openTestApi({ private: true });
    const response = await api.request('/login', {
      method: 'POST',
      body: { username: 'nobody', password },
      headers: { Origin: origin },
    });
    const Cookie = response.headers.get('Set-Cookie') ?? '';

    expect(await api.json('/project/tests', { headers: { Cookie } })).toMatchObject({ name: 'tests' });
    expect(await api.json('/', { as: 'nobody' })).toHaveLength(1);
  });

  it('takes webhooks by their signature', async () => {
    await using api = await openTestApi({ private: true });

    for (const forge of ['github', 'gitea']) {
      const refused = await api.json(`/api/push-${forge}`, { method: 'POST', body: {}, status: 401 });
      expect(refused).toMatchObject({ error: 'Missing webhook signature' });
    }
  });
});
