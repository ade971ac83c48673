import { describe, expect, it } from 'vitest';
import { openTestApi, origin, type TestApi } from '../testing/test-api.ts';

const login = (api: TestApi, username: string, password: string, status: number): Promise<unknown> =>
  api.json('/login', {
    method: 'POST',
    body: { username, password },
    headers: { Origin: origin },
    status,
  });
const secret = { password: 'opensesame', password2: 'opensesame' };

describe('users', () => {
  it('are seen by themselves and by administrators', async () => {
    await using api = await openTestApi();

    expect(await api.json('/user/olga', { as: 'olga' })).toEqual({
      username: 'olga',
      fullname: null,
      emailaddress: 'olga@example.org',
      userroles: [],
    });
    await api.json('/user/olga', { as: 'root' });
    await api.json('/user/olga', { as: 'mia', status: 403 });
    await api.json('/user/olga', { status: 403 });
    await api.json('/user/nosuch', { as: 'root', status: 404 });
    await api.json('/user/nosuch', { as: 'olga', status: 403 });
  });

  it('change their own name and password, but neither roles nor address', async () => {
    await using api = await openTestApi();
    const body = { fullname: 'Olga O.', ...secret, roles: ['admin'], emailaddress: 'x@example.org' };
    await api.json('/user/olga', { method: 'PUT', as: 'olga', body, status: 204 });

    expect(await api.json('/user/olga', { as: 'olga' })).toEqual({
      username: 'olga',
      fullname: 'Olga O.',
      emailaddress: 'olga@example.org',
      userroles: [],
    });
    await login(api, 'olga', 'foobar', 403);
    await login(api, 'olga', 'opensesame', 302);
  });

  it('end all their sessions with a new password, and keep them without', async () => {
    await using api = await openTestApi();
    const signedIn = await api.request('/login', {
      method: 'POST',
      body: { username: 'olga', password: 'foobar' },
      headers: { Origin: origin },
    });
    const headers = { Cookie: signedIn.headers.get('Set-Cookie') ?? '', Origin: origin };
    const put = (body: object): Promise<unknown> =>
      api.json('/user/olga', { method: 'PUT', headers, body: { fullname: 'O', ...body }, status: 204 });

    await put({});
    expect(await api.json('/current-user', { headers })).toMatchObject({ fullname: 'O' });
    await put(secret);
    expect(await api.json('/current-user', { headers, status: 403 })).toHaveProperty('error');
  });

  it('are given roles by administrators, and lose those that are left out', async () => {
    await using api = await openTestApi();
    const put = (body: object): Promise<unknown> =>
      api.json('/user/olga', { method: 'PUT', as: 'root', body: { fullname: 'O', ...body }, status: 204 });

    await put({ roles: ['cancel-build', 'eval-jobset'], emailaddress: 'o@example.org' });
    expect(await api.json('/user/olga', { as: 'root' })).toMatchObject({
      userroles: ['cancel-build', 'eval-jobset'],
      emailaddress: 'o@example.org',
    });
    await put({ roles: 'cancel-build' });
    expect(await api.json('/user/olga', { as: 'root' })).toMatchObject({ userroles: ['cancel-build'] });
    await put({});
    expect(await api.json('/user/olga', { as: 'root' })).toMatchObject({
      userroles: [],
      emailaddress: 'o@example.org',
    });
  });

  it.each([
    [{}, 'fullname: wanted the full name'],
    [{ fullname: '' }, 'fullname: wanted the full name, got ""'],
    [{ fullname: 'O', password: 'short', password2: 'short' }, 'password: wanted at least 6 characters'],
    [{ fullname: 'O', password: 'opensesame' }, 'password2: wanted the same as password'],
    [{ fullname: 'O', password: 5 }, 'password: wanted a password'],
  ])('refuse %j', async (body, error) => {
    await using api = await openTestApi();

    expect(await api.json('/user/olga', { method: 'PUT', as: 'olga', body, status: 400 })).toMatchObject({
      error,
    });
  });

  it('that sign in elsewhere get no password here', async () => {
    await using api = await openTestApi();
    const { users } = api.database;
    const olga = await users.find('olga');
    if (olga !== undefined) await users.save({ ...olga, type: 'github', passwordHash: '!' });

    const body = { fullname: 'O', ...secret };
    expect(await api.json('/user/olga', { method: 'PUT', as: 'olga', body, status: 400 })).toMatchObject({
      error: '‘olga’ signs in with github, not with a password here.',
    });
  });

  it('go, unless they own a project', async () => {
    await using api = await openTestApi();

    expect(await api.json('/user/olga', { method: 'DELETE', as: 'olga', status: 409 })).toMatchObject({
      error: '‘olga’ owns projects: give tests to somebody else first.',
    });
    await api.json('/user/mia', { method: 'DELETE', as: 'olga', status: 403 });
    await api.json('/user/mia', { method: 'DELETE', as: 'root', status: 204 });
    await api.json('/user/mia', { as: 'root', status: 404 });
  });
});

describe('registering', () => {
  const nina = {
    username: 'nina',
    fullname: 'Nina',
    ...secret,
    emailaddress: 'n@example.org',
    roles: ['admin'],
  };
  const register = (api: TestApi, body: object, status: number, as = 'root'): Promise<unknown> =>
    api.json('/register', { method: 'PUT', as, body, status });

  it('is for administrators', async () => {
    await using api = await openTestApi();
    await register(api, nina, 403, 'olga');
    await register(api, nina, 204);

    await login(api, 'nina', 'opensesame', 302);
    expect(await api.json('/user/nina', { as: 'root' })).toMatchObject({ userroles: ['admin'] });
    await register(api, nina, 409);
  });

  it.each([
    [{ ...nina, username: 'Nina' }, 'username: wanted a user name'],
    [{ ...nina, username: 'a/b' }, 'username: wanted a user name'],
    [{ ...nina, password: '', password2: '' }, 'password: wanted a password'],
    [{ ...nina, emailaddress: undefined }, 'emailaddress: wanted a mail address'],
  ])('refuses %j', async (body, error) => {
    await using api = await openTestApi();

    expect(await register(api, body, 400)).toMatchObject({ error: expect.stringContaining(error) });
  });
});
