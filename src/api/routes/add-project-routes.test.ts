import { describe, expect, it } from 'vitest';
import { openTestApi } from '../testing/test-api.ts';

const tests = {
  name: 'tests',
  displayname: 'Tests',
  description: '',
  homepage: '',
  owner: 'olga',
  enabled: true,
  enable_dynamic_run_command: false,
  hidden: false,
  jobsets: [],
};
const put = { displayname: 'New', enabled: '1', visible: '1' };

describe('reading projects', () => {
  it('says all of one, to the key', async () => {
    await using api = await openTestApi();
    await api.jobset({ name: 'b' });
    await api.jobset({ name: 'a' });

    expect(await api.json('/project/tests')).toEqual({ ...tests, jobsets: ['a', 'b'] });
  });

  it('lists all, those that are enabled first', async () => {
    await using api = await openTestApi();
    await api.json('/project/a', { method: 'PUT', as: 'root', body: { displayname: 'A' }, status: 201 });

    expect(await api.json('/')).toEqual([
      tests,
      { ...tests, name: 'a', displayname: 'A', owner: 'root', enabled: false, hidden: true },
    ]);
  });

  it.each(['/project/sample', '/project/..%2ftests', '/project/a%00b', '/project/%C3%BC', '/project/%'])(
    'has nothing at %s',
    async (path) => {
      await using api = await openTestApi();

      await api.json(path, { status: 404 });
      expect(api.faults).toEqual([]);
    },
  );

  it('shows browsers a page with links, nothing of it markup', async () => {
    await using api = await openTestApi();
    const body = { ...put, displayname: '<script>alert(1)</script>', homepage: 'https://example.org/"x' };
    await api.json('/project/x', { method: 'PUT', as: 'root', body, status: 201 });
    const response = await api.request('/project/x', { headers: { Accept: 'text/html,*/*' } });
    const page = await response.text();

    expect(response.headers.get('Content-Type')).toContain('text/html');
    expect(response.headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    expect(response.headers.get('Vary')).toBe('Accept');
    expect(page).toContain('<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>');
    expect(page).not.toContain('<script');
  });
});

describe('making a project', () => {
  it('answers with where it is, and makes the caller its owner', async () => {
    await using api = await openTestApi();
    const response = await api.request('/project/new', { method: 'PUT', as: 'creator', body: put });

    expect(response.status).toBe(201);
    expect(response.headers.get('Location')).toBe('http://localhost/project/new');
    expect(await response.json()).toEqual({
      name: 'new',
      uri: 'http://localhost/project/new',
      redirect: 'http://localhost/project/new',
      type: 'project',
    });
    expect(await api.json('/project/new')).toEqual({
      ...tests,
      name: 'new',
      displayname: 'New',
      owner: 'creator',
    });
  });

  it.each([undefined, 'nobody', 'olga', 'evaluator'])('is not for %s', async (as) => {
    await using api = await openTestApi();

    const response = await api.request('/project/new', { method: 'PUT', ...(as && { as }), body: put });
    expect(response.status).toBe(403);
    expect((await api.request('/project/new')).status).toBe(404);
  });

  it.each([
    ['1st', put, 'wanted a project name: letters, digits, - and _, a letter or _ first, got "1st"'],
    ['a%20b', put, 'wanted a project name'],
    ['new', { enabled: true }, 'displayname: wanted a display name'],
    ['new', { displayname: '  ' }, 'displayname: wanted a display name'],
    ['new', { displayname: { a: 1 } }, 'displayname: wanted a text, got {"a":1}'],
    ['new', { ...put, name: '../x' }, 'name: wanted a project name'],
    ['new', { ...put, owner: 'nosuch' }, 'owner: there is no user ‘nosuch’'],
    ['new', { ...put, declarative: 'x' }, 'declarative: wanted an object with file, type and value'],
  ])('refuses %s with %j', async (name, body, error) => {
    await using api = await openTestApi();

    const refused = await api.json(`/project/${name}`, { method: 'PUT', as: 'root', body, status: 400 });
    expect(refused).toMatchObject({ error: expect.stringContaining(error), code: 'api.invalid' });
  });
});

describe('changing a project', () => {
  it('replaces everything, and says so', async () => {
    await using api = await openTestApi();
    await api.json('/project/tests', { method: 'PUT', as: 'olga', body: { ...put, description: 'old' } });
    const answer = await api.json('/project/tests', { method: 'PUT', as: 'mia', body: { displayname: 'T' } });

    expect(answer).toEqual({ redirect: 'http://localhost/project/tests#tabs-configuration' });
    expect(await api.json('/project/tests')).toEqual({
      ...tests,
      displayname: 'T',
      enabled: false,
      hidden: true,
    });
  });

  it('takes booleans by presence and real ones', async () => {
    await using api = await openTestApi();
    const set = async (body: object): Promise<unknown> => {
      await api.json('/project/tests', { method: 'PUT', as: 'olga', body: { displayname: 'T', ...body } });
      return api.json('/project/tests');
    };

    expect(await set({ enabled: '1', visible: '' })).toMatchObject({ enabled: true, hidden: false });
    expect(await set({ enabled: true, visible: 1 })).toMatchObject({ enabled: true, hidden: false });
    expect(await set({ enabled: false, visible: null })).toMatchObject({ enabled: false, hidden: true });
    expect(await set({ enabled: 0, visible: '0' })).toMatchObject({ enabled: false, hidden: true });
  });

  it('renames, unless the name is taken', async () => {
    await using api = await openTestApi();
    await api.json('/project/other', { method: 'PUT', as: 'root', body: put, status: 201 });
    const rename = (name: string, status: number): Promise<unknown> =>
      api.json('/project/tests', { method: 'PUT', as: 'olga', body: { ...put, name }, status });

    expect(await rename('other', 409)).toMatchObject({ code: 'db.conflict' });
    expect(await rename('better', 200)).toEqual({
      redirect: 'http://localhost/project/better#tabs-configuration',
    });
    await api.json('/project/tests', { status: 404 });
  });

  it('gives it to another owner only for an administrator', async () => {
    await using api = await openTestApi();
    await api.json('/project/tests', { method: 'PUT', as: 'olga', body: { ...put, owner: 'mia' } });
    expect(await api.json('/project/tests')).toMatchObject({ owner: 'olga' });

    await api.json('/project/tests', { method: 'PUT', as: 'root', body: { ...put, owner: 'mia' } });
    expect(await api.json('/project/tests')).toMatchObject({ owner: 'mia' });
  });

  it('shows nobody the password of its declaration, and keeps it when what was shown comes back', async () => {
    await using api = await openTestApi();
    const value = 'https://bot:s3cret@git.example.org/x main';
    const update = (declared: string, status = 200) =>
      api.json('/project/tests', {
        method: 'PUT',
        as: 'olga',
        body: { displayname: 'Tests', declarative: { file: 'spec.json', type: 'git', value: declared } },
        status,
      });
    await update(value);
    const shown = 'https://bot:***@git.example.org/x main';
    expect(await api.json('/project/tests')).toMatchObject({ declarative: { value: shown } });

    await update(shown);
    expect((await api.database.projects.find('tests'))?.declarative?.value).toBe(value);
    expect(await update('https://bot:***@evil.example/x', 400)).toMatchObject({
      error: expect.stringContaining('declarative: *** stands for a password'),
    });
  });

  it('makes the jobset that declares the others, and takes it away', async () => {
    await using api = await openTestApi();
    const declarative = { file: 'bogus', type: 'boolean', value: 'false' };
    const set = (file: string): Promise<unknown> =>
      api.json('/project/tests', {
        method: 'PUT',
        as: 'olga',
        body: { displayname: 'Tests', enabled: true, visible: true, declarative: { ...declarative, file } },
      });

    await set('bogus');
    expect(await api.json('/project/tests')).toEqual({ ...tests, jobsets: ['.jobsets'], declarative });
    await set('');
    expect(await api.json('/project/tests')).toEqual(tests);
  });
});

describe('deleting a project', () => {
  it('is for its owner, takes all of it, and ends what it was doing', async () => {
    await using api = await openTestApi();
    const jobset = await api.jobset();
    const { jobs } = await api.evaluated(jobset, [{ job: 'web' }]);
    await api.json('/project/tests', { method: 'DELETE', status: 403 });
    await api.json('/project/tests', { method: 'DELETE', as: 'evaluator', status: 403 });

    expect(await api.json('/project/tests', { method: 'DELETE', as: 'olga' })).toEqual({
      redirect: 'http://localhost/',
    });
    await api.json('/project/tests', { status: 404 });
    await api.json(`/build/${jobs[0]?.buildId}`, { status: 404 });
    expect(api.told).toEqual([
      `cancel evaluation of ${jobset.id}`,
      `cancel builds ${jobs[0]?.buildId}`,
      `changed ${jobset.id}`,
    ]);
  });
});
