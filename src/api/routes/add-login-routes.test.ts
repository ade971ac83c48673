import { describe, expect, it } from 'vitest';
import { openTestApi, origin, password } from '../testing/test-api.ts';

const credentials = { username: 'root', password };
const fromHere = { Referer: `${origin}/`, Accept: 'application/json' };

describe('login', () => {
  it('sends to the current user with a cookie, and says who that is', async () => {
    await using api = await openTestApi();
    const response = await api.request('/login', { method: 'POST', body: credentials, headers: fromHere });

    expect(response.status).toBe(302);
    expect(response.headers.get('Location')).toBe('http://localhost/current-user');
    expect(response.headers.get('Set-Cookie')).toMatch(
      /^hydra_session=[\w-]{43}; Path=\/; Expires=\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT; HttpOnly; SameSite=Lax$/,
    );
    expect(await response.json()).toEqual({
      username: 'root',
      fullname: null,
      emailaddress: 'root@example.org',
      userroles: ['admin'],
    });
  });

  it('knows the cookie again, also with all its attributes', async () => {
    await using api = await openTestApi();
    const login = await api.request('/login', { method: 'POST', body: credentials, headers: fromHere });
    const cookie = login.headers.get('Set-Cookie') ?? '';

    for (const Cookie of [cookie, cookie.split(';')[0] ?? '', `a=b; ${cookie}`]) {
      expect(await api.json('/current-user', { headers: { Cookie } })).toMatchObject({ username: 'root' });
    }
    const out = await api.request('/logout', { method: 'POST', headers: { ...fromHere, Cookie: cookie } });
    expect(out.status).toBe(204);
    await api.json('/current-user', { headers: { Cookie: cookie }, status: 403 });
  });

  it('takes a form, too', async () => {
    await using api = await openTestApi();
    const response = await api.request('/login', {
      method: 'POST',
      body: 'username=root&password=foobar',
      headers: { Referer: origin, 'Content-Type': 'application/x-www-form-urlencoded' },
    });

    expect(response.status).toBe(302);
    expect(await response.text()).toBe('');
  });

  it.each([
    [{ username: 'root', password: 'wrong' }, 403, 'Bad username or password.'],
    [{ username: 'nosuch', password }, 403, 'Bad username or password.'],
    [{ username: 'root' }, 400, 'password: wanted a password'],
    [{ password }, 400, 'username: wanted the name of a user'],
    [{ username: 'root', password: 'x'.repeat(5000) }, 400, 'password: wanted a shorter password'],
    [{ username: 'root', password: ['foobar'] }, 400, 'password: wanted a password'],
  ])('refuses %j with %i', async (body, status, error) => {
    await using api = await openTestApi();

    const answer = await api.json('/login', { method: 'POST', body, headers: fromHere, status });
    expect(answer).toMatchObject({ error });
  });

  it('marks the cookie for TLS where that is what clients use', async () => {
    await using api = await openTestApi({ baseUrl: 'https://ci.example.org' });
    const response = await api.request('/login', {
      method: 'POST',
      body: credentials,
      headers: { Referer: 'https://ci.example.org/x' },
    });

    expect(response.headers.get('Set-Cookie')).toContain('; Secure');
    expect(response.headers.get('Location')).toBe('https://ci.example.org/current-user');
  });

  it('slows down who guesses', async () => {
    await using api = await openTestApi();
    for (let n = 0; n < 5; n += 1) {
      const body = { username: `nosuch${n}`, password };
      await api.json('/login', { method: 'POST', body, headers: fromHere, status: 403 });
    }

    const refused = await api.json('/login', {
      method: 'POST',
      body: credentials,
      headers: fromHere,
      status: 429,
    });
    expect(refused).toMatchObject({ code: 'access.too-often' });
    api.clock.now += 1000;
    await api.json('/login', { method: 'POST', body: credentials, headers: fromHere, status: 302 });
  });
});

describe('current-user', () => {
  it('is for who has signed in', async () => {
    await using api = await openTestApi();

    expect(await api.json('/current-user', { status: 403 })).toMatchObject({
      error: 'This page requires you to sign in.',
    });
    expect(await api.json('/current-user', { as: 'olga' })).toMatchObject({ username: 'olga' });
  });
});
