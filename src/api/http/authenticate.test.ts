import { describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../testing/test-api.ts';
import { newTokenReply } from '../v1/schemas/token.ts';

async function tokenOf(api: TestApi, as: string): Promise<string> {
  const made = await api.json('/api/v1/tokens', { method: 'POST', as, body: { name: 'x' }, status: 201 });
  return newTokenReply.parse(made).secret;
}
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('authenticate', () => {
  it('knows tokens as Bearer and as password', async () => {
    await using api = await openTestApi();
    const secret = await tokenOf(api, 'olga');

    for (const Authorization of [
      `Bearer ${secret}`,
      `bearer  ${secret} `,
      basic(`olga:${secret}`),
      basic(`:${secret}`),
    ]) {
      expect(await api.json('/current-user', { headers: { Authorization } })).toMatchObject({
        username: 'olga',
      });
    }
  });

  it('refuses tokens that are not known, even where none is needed', async () => {
    await using api = await openTestApi();
    const secret = await tokenOf(api, 'olga');

    for (const Authorization of [
      `Bearer ${secret}x`,
      'Bearer proteus_x',
      'Bearer x',
      basic('olga:proteus_x'),
      basic(`mia:${secret}`),
    ]) {
      const response = await api.request('/', { headers: { Authorization, Accept: 'application/json' } });
      expect(response.status).toBe(401);
      expect(response.headers.get('WWW-Authenticate')).toBe('Bearer realm="proteus"');
      expect(await response.json()).toMatchObject({ error: 'The token is not known here, or has expired.' });
    }
  });

  it('lets be what belongs to a proxy', async () => {
    await using api = await openTestApi();

    for (const Authorization of [basic('proxy:secret'), basic('x'), 'Basic !', 'Negotiate abc', 'x', '']) {
      expect(await api.json('/', { headers: { Authorization } })).toHaveLength(1);
    }
  });

  it('takes a session that has ended for none', async () => {
    await using api = await openTestApi();

    for (const Cookie of [
      'hydra_session=x',
      'hydra_session=',
      'x_hydra_session=y',
      'hydra_session=%00',
      ';;=',
    ]) {
      expect(await api.json('/', { headers: { Cookie } })).toHaveLength(1);
      await api.json('/current-user', { headers: { Cookie }, status: 403 });
    }
  });
});
