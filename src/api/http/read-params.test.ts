import { describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../testing/test-api.ts';

const put = (api: TestApi, body: string, headers: Record<string, string>, query = '') =>
  api.request(`/project/tests${query}`, { method: 'PUT', as: 'olga', body, headers });
const json = { 'Content-Type': 'application/json' };
const form = 'application/x-www-form-urlencoded';

describe('readParams', () => {
  it.each([
    ['{"displayname":"X"}', { ...json }],
    ['{"displayname":"X"}', { 'Content-Type': 'text/x-json' }],
    ['displayname=X&enabled=1', { 'Content-Type': form }],
    ['displayname=X', { 'Content-Type': `${form}; charset=utf-8` }],
    [
      '--b\r\nContent-Disposition: form-data; name="displayname"\r\n\r\nX\r\n--b--\r\n',
      { 'Content-Type': 'multipart/form-data; boundary=b' },
    ],
  ])('takes %j as %j', async (body, headers) => {
    await using api = await openTestApi();

    expect((await put(api, body, headers)).status).toBe(200);
    expect(await api.json('/project/tests')).toMatchObject({ displayname: 'X' });
  });

  it('takes a body without a type for JSON when JSON is accepted', async () => {
    await using api = await openTestApi();
    const { secret } = await tokenOf(api);
    const response = await api.app.request('http://localhost/project/tests', {
      method: 'PUT',
      // Text would be given a type.
      body: Buffer.from('{"displayname":"X"}'),
      headers: { Authorization: `Bearer ${secret}`, Accept: 'application/json' },
    });

    expect(response.status).toBe(200);
  });

  it('takes the query where there is no body', async () => {
    await using api = await openTestApi();

    expect((await put(api, '', {}, '?displayname=Query&visible=1')).status).toBe(200);
    expect((await put(api, '{}', json, '?displayname=Query&visible=1')).status).toBe(200);
    expect(await api.json('/project/tests')).toMatchObject({ displayname: 'Query', hidden: false });
  });

  it.each([
    ['{"displayname":', json, 'wanted JSON in the body'],
    ['', { ...json }, 'displayname: wanted a display name'],
    ['[]', json, 'wanted a JSON object in the body, got another value'],
    ['null', json, 'wanted a JSON object'],
    ['"x"', json, 'wanted a JSON object'],
    [`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, json, 'at most 64 levels'],
    ['{"a":'.repeat(70), json, 'at most 64 levels'],
    [`{"a":"${'\\"'.repeat(400_000)}`, json, 'wanted JSON in the body'],
    ['x', { 'Content-Type': 'text/plain' }, 'wanted a body of type application/json'],
    ['x', { 'Content-Type': 'multipart/form-data' }, 'wanted a form in the body'],
    ['x', { 'Content-Type': 'multipart/form-data; boundary=b' }, 'wanted a form in the body'],
  ])('refuses %.20j as %j', async (body, headers, error) => {
    await using api = await openTestApi();
    const response = await put(api, body, { Accept: 'application/json', ...headers });

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: expect.stringContaining(error) });
    expect(api.faults).toEqual([]);
  });

  it('does not count brackets in texts as levels', async () => {
    await using api = await openTestApi();
    const body = JSON.stringify({
      displayname: 'X',
      description: `${'[{'.repeat(100)}\\"${'['.repeat(100)}`,
    });

    expect((await put(api, body, json)).status).toBe(200);
  });

  it('takes no prototype from anybody', async () => {
    await using api = await openTestApi();
    const body = '{"__proto__":{"displayname":"X"},"constructor":{"prototype":{"displayname":"X"}}}';

    expect((await put(api, body, json)).status).toBe(400);
    expect({}).not.toHaveProperty('displayname');
  });
});

async function tokenOf(api: TestApi): Promise<{ secret: string }> {
  const answer = await api.json('/api/v1/tokens', {
    method: 'POST',
    as: 'olga',
    body: { name: 'x' },
    status: 201,
  });
  return answer as { secret: string }; // what the route answers
}
