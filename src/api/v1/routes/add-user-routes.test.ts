import { describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../../testing/test-api.ts';
import { savedUser } from '../schemas/user.ts';

const hash = '$argon2id$v=19$m=262144,t=3,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
const put = (api: TestApi, name: string, body: object, status = 200, as = 'root') =>
  api.json(`/api/v1/users/${name}`, { method: 'PUT', as, body, status });

describe('users', () => {
  it('are made, changed, renamed, listed and deleted by administrators', async () => {
    await using api = await openTestApi();
    const made = await put(api, 'alice', { fullName: 'Alice', roles: ['admin'], passwordHash: hash });

    expect(savedUser.parse(made)).toMatchObject({
      done: 'made',
      user: { name: 'alice', fullName: 'Alice', roles: ['admin'], hasPassword: true, type: 'hydra' },
    });
    expect(JSON.stringify(made)).not.toContain('argon2');
    expect(await put(api, 'alice', { roles: ['eval-jobset'], wipeRoles: true })).toMatchObject({
      done: 'changed',
      user: { fullName: 'Alice', roles: ['eval-jobset'], hasPassword: true },
    });
    expect(await put(api, 'alina', { renameFrom: 'alice' })).toMatchObject({ done: 'renamed' });
    expect(await api.json('/api/v1/users?limit=1', { as: 'root' })).toMatchObject({
      items: [{ name: 'alina' }],
      total: 11,
    });
    const response = await api.request('/api/v1/users/alina', { method: 'DELETE', as: 'root' });
    expect(response.status).toBe(204);
    expect(await api.database.users.find('alina')).toBeUndefined();
  });

  it.each<[string, object, number, string]>([
    ['Alice', {}, 400, 'wanted a user name'],
    ['x', { password: 'secret' }, 400, 'Unrecognized key'],
    ['x', { passwordHash: 'secret' }, 400, 'wanted a password hash'],
    ['x', { renameFrom: 'gone' }, 404, "there is no user 'gone' to rename"],
    ['olga', { renameFrom: 'mia' }, 409, "there is a user named 'olga' already"],
  ])('%s with %j is refused', async (name, body, status, message) => {
    await using api = await openTestApi();

    expect(await put(api, name, body, status)).toMatchObject({ error: expect.stringContaining(message) });
  });

  it('are nobody else’s business, and owners of projects stay', async () => {
    await using api = await openTestApi();

    await put(api, 'x', {}, 403, 'olga');
    await api.json('/api/v1/users', { as: 'olga', status: 403 });
    await api.json('/api/v1/users/mia', { method: 'DELETE', as: 'olga', status: 403 });
    expect(await api.json('/api/v1/users/olga', { method: 'DELETE', as: 'root', status: 400 })).toMatchObject(
      {
        error: expect.stringContaining("'olga' owns tests"),
      },
    );
  });
});
