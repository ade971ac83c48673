import { describe, expect, it } from 'vitest';
import { openTestApi, origin, password, type TestApi } from '../../testing/test-api.ts';
import { newTokenReply, token } from '../schemas/token.ts';

/** A session, as a browser has one. */
async function signIn(api: TestApi, username: string): Promise<Record<string, string>> {
  const response = await api.request('/login', {
    method: 'POST',
    body: { username, password },
    headers: { Origin: origin },
  });
  return { Cookie: response.headers.get('Set-Cookie') ?? '', Origin: origin };
}

describe('tokens', () => {
  it('are made, used, listed without their secret, and taken back', async () => {
    await using api = await openTestApi();
    const headers = await signIn(api, 'olga');
    const made = newTokenReply.parse(
      await api.json('/api/v1/tokens', { method: 'POST', headers, body: { name: 'laptop' }, status: 201 }),
    );
    expect(made.token).toEqual({
      id: 1,
      user: 'olga',
      name: 'laptop',
      createdAt: 1_700_000_000_000,
      lastUsedAt: null,
      expiresAt: null,
    });

    const Authorization = `Bearer ${made.secret}`;
    expect(await api.json('/current-user', { headers: { Authorization } })).toMatchObject({
      username: 'olga',
    });
    const list = await api.json('/api/v1/tokens', { headers });
    expect(list).toMatchObject({ items: [{ id: 1, name: 'laptop' }], total: 1 });
    expect(JSON.stringify(list)).not.toContain(made.secret);
    expect(token.strict().safeParse(made.token).success).toBe(true);

    await api.json('/api/v1/tokens/1', { method: 'DELETE', headers, status: 204 });
    await api.json('/api/v1/tokens/1', { method: 'DELETE', headers, status: 404 });
    await api.json('/current-user', { headers: { Authorization }, status: 401 });
  });

  it("are each user's own", async () => {
    await using api = await openTestApi();
    const olga = await signIn(api, 'olga');
    await api.json('/api/v1/tokens', { method: 'POST', headers: olga, body: { name: 'x' }, status: 201 });

    const root = await signIn(api, 'root');
    expect(await api.json('/api/v1/tokens', { headers: root })).toMatchObject({ total: 0 });
    await api.json('/api/v1/tokens/1', { method: 'DELETE', headers: root, status: 404 });
    await api.json('/api/v1/tokens', { status: 403 });
  });

  it('expire', async () => {
    await using api = await openTestApi();
    const headers = await signIn(api, 'olga');
    const make = (expiresAt: number, status: number): Promise<unknown> =>
      api.json('/api/v1/tokens', { method: 'POST', headers, body: { name: 'x', expiresAt }, status });

    await make(api.clock.now, 400);
    const { secret } = newTokenReply.parse(await make(api.clock.now + 1000, 201));
    const Authorization = `Basic ${Buffer.from(`olga:${secret}`).toString('base64')}`;
    await api.json('/current-user', { headers: { Authorization } });
    api.clock.now += 1000;
    expect(await api.json('/', { headers: { Authorization }, status: 401 })).toMatchObject({
      code: 'api.token-invalid',
    });
  });

  it.each([{}, { name: '' }, { name: 'a\nb' }, { name: 'x'.repeat(101) }, { name: 'x', expiresAt: 'never' }])(
    'are not made of %j',
    async (body) => {
      await using api = await openTestApi();

      const response = await api.request('/api/v1/tokens', { method: 'POST', as: 'olga', body });
      expect(response.status).toBe(400);
    },
  );
});
