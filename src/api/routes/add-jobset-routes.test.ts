import { describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../testing/test-api.ts';

const flake = {
  enabled: 2,
  visible: true,
  name: 'job',
  type: 1,
  description: 'test jobset',
  flake: 'github:nixos/nix',
  checkinterval: 0,
  schedulingshares: 100,
  keepnr: 3,
};
const legacy = {
  enabled: 3,
  visible: true,
  name: 'job',
  type: 0,
  nixexprinput: 'ofborg',
  nixexprpath: 'release.nix',
  inputs: {
    ofborg: { name: 'ofborg', type: 'git', value: 'https://github.com/NixOS/ofborg.git released' },
  },
  description: 'test jobset',
  checkinterval: 0,
  schedulingshares: 50,
  keepnr: 1,
};
const nothing = {
  checkinterval: 0,
  description: 'test jobset',
  emailoverride: '',
  enabled: 2,
  enableemail: false,
  enable_dynamic_run_command: false,
  errortime: null,
  errormsg: '',
  fetcherrormsg: '',
  flake: '',
  visible: true,
  inputs: {},
  keepnr: 3,
  lastcheckedtime: null,
  name: 'job',
  nixexprinput: '',
  nixexprpath: '',
  project: 'tests',
  schedulingshares: 100,
  starttime: null,
  triggertime: null,
  type: 1,
};

const put = (api: TestApi, body: object, { status = 201, name = 'job', as = 'olga' } = {}) =>
  api.json(`/jobset/tests/${name}`, { method: 'PUT', as, body, status });

describe('a password in the address of an input', () => {
  const address = 'https://bot:s3cret@git.example.org/net.git main';
  const shown = 'https://bot:***@git.example.org/net.git main';
  const withValue = (value: string, more: object = {}) => ({
    ...legacy,
    inputs: { ofborg: { type: 'git', value }, note: { type: 'string', value: 'postgres://a:b@c' }, ...more },
  });
  const kept = async (api: TestApi): Promise<readonly string[]> =>
    (await api.database.jobsets.find('tests', 'job'))?.inputs.map(({ value }) => value) ?? [];

  it('is shown to nobody, and kept when what was shown is sent back', async () => {
    await using api = await openTestApi();
    await put(api, withValue(address));

    for (const as of ['olga', 'root', 'nobody']) {
      const jobset = (await api.json('/jobset/tests/job', { as })) as typeof legacy;
      expect(jobset.inputs).toMatchObject({
        ofborg: { value: shown },
        note: { value: 'postgres://a:b@c' },
      });
    }
    const sent = await api.json('/jobset/tests/job');
    await put(api, { ...(sent as object), description: 'changed' }, { status: 200 });
    expect(await kept(api)).toEqual([address, 'postgres://a:b@c']);

    await put(api, withValue(shown.replace('main', 'release')), { status: 200 });
    expect(await kept(api)).toContain(address.replace('main', 'release'));
    await put(api, withValue(address.replace('s3cret', 'new')), { status: 200 });
    expect(await kept(api)).toContain(address.replace('s3cret', 'new'));
  });

  it('is not sent to another host, nor known to another jobset', async () => {
    await using api = await openTestApi();
    await put(api, withValue(address));

    const refused = { status: 400 };
    const elsewhere = await put(api, withValue('https://bot:***@evil.example/net.git'), refused);
    const other = await put(api, { ...withValue(shown), name: 'other' }, { ...refused, name: 'other' });

    for (const answer of [elsewhere, other]) {
      expect(answer).toMatchObject({
        error: expect.stringContaining('input ‘ofborg’: *** stands for a password'),
        hint: 'Give the address with its password.',
      });
    }
    expect(await kept(api)).toContain(address);
  });

  it('is refused in a flake, which Nix would be told on its command line', async () => {
    await using api = await openTestApi();
    const answer = await put(
      api,
      { ...flake, flake: 'git+https://bot:s3cret@git.example.org/x' },
      { status: 400 },
    );

    expect(answer).toMatchObject({ error: expect.stringContaining('wanted an address without a password') });
    expect(JSON.stringify(answer)).not.toContain('s3cret');
  });

  it('is blanked in evaluations, too', async () => {
    await using api = await openTestApi();
    const jobset = await api.jobset({});
    const id = await api.database.evaluations.begin({
      jobsetId: jobset.id,
      startedAt: 1,
      checkoutMs: 1,
      inputHash: 'x',
      flake: 'git+https://bot:s3cret@git.example.org/x?rev=1',
      nixExprInput: null,
      nixExprPath: null,
      inputs: [
        {
          ...{ name: 'net', type: 'git', uri: 'https://bot:s3cret@git.example.org/x', value: address },
          ...{ revision: null, dependency: null, path: null, sha256: null },
        },
      ],
    });

    for (const path of [`/eval/${id}`, `/api/v1/evaluations/${id}`]) {
      const text = JSON.stringify(await api.json(path));
      expect(text).toContain('https://bot:***@git.example.org/x');
      expect(text).not.toContain('s3cret');
    }
  });
});

describe('making and changing a jobset', () => {
  it('makes one of a flake, to the key', async () => {
    await using api = await openTestApi();
    const response = await api.request('/jobset/tests/job', { method: 'PUT', as: 'olga', body: flake });

    expect(response.status).toBe(201);
    expect(response.headers.get('Location')).toBe('http://localhost/jobset/tests/job');
    expect(await response.json()).toEqual({
      name: 'job',
      uri: 'http://localhost/jobset/tests/job',
      redirect: 'http://localhost/jobset/tests/job',
      type: 'jobset',
    });
    expect(await api.json('/jobset/tests/job')).toEqual({ ...nothing, flake: 'github:nixos/nix' });
  });

  it('changes it to a legacy one, to the key', async () => {
    await using api = await openTestApi();
    await put(api, flake);

    expect(await put(api, legacy, { status: 200 })).toEqual({
      redirect: 'http://localhost/jobset/tests/job#tabs-configuration',
    });
    expect(await api.json('/jobset/tests/job')).toEqual({
      ...nothing,
      enabled: 3,
      type: 0,
      nixexprinput: 'ofborg',
      nixexprpath: 'release.nix',
      inputs: { ofborg: { ...legacy.inputs.ofborg, emailresponsible: false } },
      keepnr: 1,
      schedulingshares: 50,
    });
  });

  it('makes one of a network, with our own setting', async () => {
    await using api = await openTestApi();
    await put(api, { ...legacy, type: '2', nixexprpath: 'network.nix', allow_import_from_derivation: true });

    expect(await api.json('/jobset/tests/job')).toMatchObject({
      type: 2,
      nixexprpath: 'network.nix',
      allow_import_from_derivation: true,
    });
  });

  it('takes numbers as texts, and fills in as Hydra does what is left out', async () => {
    await using api = await openTestApi();
    await put(api, {
      type: '0',
      enabled: '1',
      visible: '1',
      checkinterval: '5',
      keepnr: '1',
      nixexprinput: 'jobs',
      nixexprpath: 'x.nix',
      unknown: 1,
    });
    expect(await api.json('/jobset/tests/job')).toMatchObject({ enabled: 1, checkinterval: 5, keepnr: 1 });

    await put(api, { nixexprinput: 'jobs', nixexprpath: 'x.nix', enabled: true }, { status: 200 });
    expect(await api.json('/jobset/tests/job')).toMatchObject({
      enabled: 1,
      visible: false,
      checkinterval: 0,
      keepnr: 0,
      schedulingshares: 1,
      type: 0,
    });
  });

  it('has it evaluated when it is checked at all', async () => {
    await using api = await openTestApi();
    await put(api, { ...legacy, checkinterval: 0 });
    await put(api, { ...legacy, enabled: 0, checkinterval: 5 }, { status: 200 });
    expect(api.told).toEqual(['changed 1', 'changed 1']);

    await put(api, { ...legacy, enabled: 1, checkinterval: 5 }, { status: 200 });
    expect(api.told.slice(2)).toEqual(['changed 1', 'trigger 1']);
    expect(await api.json('/jobset/tests/job')).toMatchObject({ triggertime: 1_700_000_000 });
  });

  it.each([
    [{ ...legacy, type: 7 }, 'type: wanted 0 (legacy), 1 (flake) or 2 (network), got 7'],
    [{ ...legacy, enabled: 4 }, 'enabled: wanted 0 (disabled)'],
    [{ ...legacy, checkinterval: 'often' }, 'checkinterval: wanted a whole number from 0'],
    [{ ...legacy, checkinterval: 1.5 }, 'checkinterval: wanted a whole number from 0'],
    [{ ...legacy, schedulingshares: 0 }, 'schedulingshares: wanted a whole number from 1'],
    [{ ...legacy, keepnr: -1 }, 'keepnr: wanted a whole number from 0'],
    [{ ...legacy, keepnr: '9'.repeat(14) }, 'keepnr: wanted a whole number from 0'],
    [{ ...legacy, nixexprinput: '' }, 'nixexprinput: wanted the name of an input'],
    [{ ...legacy, nixexprpath: '' }, 'nixexprpath: wanted a relative path without .., got ""'],
    [{ ...legacy, nixexprpath: '/etc/passwd' }, 'nixexprpath: wanted a relative path'],
    [{ ...legacy, nixexprpath: 'a/../../b' }, 'nixexprpath: wanted a relative path'],
    [{ ...legacy, nixexprpath: 'a\0b' }, 'nixexprpath: wanted a relative path'],
    [{ ...legacy, name: '.jobsets' }, 'name: wanted a jobset name'],
    [{ ...legacy, inputs: { 'a b': { type: 'git', value: 'x' } } }, 'wanted the name of an input'],
    [{ ...legacy, inputs: { __proto__x: { type: 'git', value: 'x' } } }, 'wanted the name of an input'],
    [{ ...legacy, inputs: { a: 'x' } }, 'inputs.a: wanted an object with type and value, got "x"'],
    [{ ...legacy, inputs: { a: { type: 'boolean', value: 'maybe' } } }, 'input ‘a’: wanted true or false'],
    [{ ...legacy, inputs: 5 }, 'inputs: wanted an object of inputs by name, got 5'],
    [{ ...flake, flake: '--help' }, 'flake: wanted the address of a flake'],
    [{ ...flake, flake: '' }, 'flake: wanted the address of a flake'],
  ])('refuses %j', async (body, error) => {
    await using api = await openTestApi();

    expect(await put(api, body, { status: 400 })).toMatchObject({ error: expect.stringContaining(error) });
    await api.json('/jobset/tests/job', { status: 404 });
  });

  it('names the types of inputs there are', async () => {
    await using api = await openTestApi();
    const inputs = { ofborg: { type: '123', value: 'x' } };

    expect(await put(api, { ...legacy, inputs }, { status: 400 })).toMatchObject({
      error: 'Invalid input type ‘123’; valid types: boolean, git, path, string, nix.',
    });
  });

  it('keeps blanks of texts only', async () => {
    await using api = await openTestApi();
    const inputs = {
      a: { type: 'string', value: ' x ' },
      b: { type: 'git', value: ' y z ' },
      c: { type: 'boolean', value: true },
    };
    await put(api, { ...legacy, inputs });

    expect(await api.json('/jobset/tests/job')).toMatchObject({
      inputs: { a: { value: ' x ' }, b: { value: 'y z' }, c: { value: 'true' } },
    });
  });

  it.each(['nobody', 'evaluator', 'creator'])('is not for %s', async (as) => {
    await using api = await openTestApi();

    expect(await put(api, legacy, { as, status: 403 })).toMatchObject({ code: 'api.forbidden' });
  });

  it('is not for jobsets that a declaration makes', async () => {
    await using api = await openTestApi();
    const declarative = { file: 'spec.json', type: 'git', value: 'x' };
    await api.json('/project/tests', { method: 'PUT', as: 'olga', body: { displayname: 'T', declarative } });

    expect(await put(api, legacy, { as: 'root', status: 403 })).toMatchObject({
      error: "can't modify jobset of declarative project",
    });
    await api.json('/jobset/tests/.jobsets', { method: 'DELETE', as: 'root', status: 403 });
  });
});

describe('renaming a jobset', () => {
  it('sends readers of the old name on, with the rest of the address', async () => {
    await using api = await openTestApi();
    await put(api, legacy);
    await put(api, { ...legacy, name: 'better' }, { status: 200 });

    for (const [from, to] of [
      ['/jobset/tests/job', '/jobset/tests/better'],
      ['/jobset/tests/job/evals?page=2', '/jobset/tests/better/evals?page=2'],
      ['/job/tests/job/a.b/latest/download/1', '/job/tests/better/a.b/latest/download/1'],
    ] as const) {
      for (const method of ['GET', 'HEAD']) {
        const response = await api.request(from, { method });
        expect(response.status).toBe(301);
        expect(response.headers.get('Location')).toBe(`http://localhost${to}`);
      }
    }
    expect(await api.json('/jobset/tests/job', { method: 'DELETE', as: 'root', status: 404 })).toMatchObject({
      error: expect.stringContaining('it is ‘better’ now'),
    });
  });

  it('does not go over another', async () => {
    await using api = await openTestApi();
    await put(api, legacy);
    await put(api, { ...legacy, name: 'other' }, { name: 'other' });

    expect(await put(api, { ...legacy, name: 'other' }, { status: 409 })).toMatchObject({
      code: 'db.conflict',
    });
  });
});

describe('deleting a jobset', () => {
  it('takes an administrator', async () => {
    await using api = await openTestApi();
    await put(api, legacy);
    const remove = { method: 'DELETE' };
    await api.json('/jobset/tests/job', { ...remove, as: 'olga', status: 403 });

    expect(await api.json('/jobset/tests/job', { ...remove, as: 'root' })).toEqual({
      redirect: 'http://localhost/project/tests',
    });
    await api.json('/jobset/tests/job', { status: 404 });
  });
});

describe('evaluations of a jobset', () => {
  it('are told newest first, in pages', async () => {
    await using api = await openTestApi();
    const jobset = await api.jobset();
    for (let n = 1; n <= 45; n += 1) {
      await api.evaluated(jobset, [{ job: 'web', outputs: { out: `/nix/store/${n}` } }]);
    }

    const first = await api.json('/jobset/tests/trunk/evals');
    expect(first).toMatchObject({ first: '?page=1', last: '?page=3', next: '?page=2' });
    expect(first).not.toHaveProperty('previous');
    expect(first).toHaveProperty('evals.length', 20);
    expect(first).toHaveProperty('evals.0', {
      id: 45,
      timestamp: 1_700_000_000,
      checkouttime: 1,
      evaltime: 2,
      hasnewbuilds: 1,
      flake: null,
      builds: [45],
      jobsetevalinputs: {
        src: {
          revision: '0123456789abcdef0123456789abcdef01234567',
          value: null,
          type: 'git',
          uri: 'https://example.org/src.git',
          dependency: null,
        },
      },
    });
    expect(await api.json('/jobset/tests/trunk/evals?page=3')).toMatchObject({
      evals: [{ id: 5 }, { id: 4 }, { id: 3 }, { id: 2 }, { id: 1 }],
      previous: '?page=2',
    });
    for (const page of ['9', '0', '-1', 'x', '99999999999999999999']) {
      await api.json(`/jobset/tests/trunk/evals?page=${page}`);
    }
  });

  it('lead to the latest that is finished, with the rest of the address', async () => {
    await using api = await openTestApi();
    const jobset = await api.jobset();
    await api.json('/jobset/tests/trunk/latest-eval', { status: 404 });
    const { jobs } = await api.evaluated(jobset, [{ job: 'web' }]);
    await api.finished(jobs[0]?.buildId ?? 0);
    await api.evaluated(jobset, [{ job: 'web', outputs: { out: '/nix/store/2' } }]);

    const response = await api.request('/jobset/tests/trunk/latest-eval/job/web/download/1?x=%20');
    expect(response.status).toBe(302);
    expect(response.headers.get('Location')).toBe('http://localhost/eval/1/job/web/download/1?x=%20');
    const bare = await api.request('/jobset/tests/trunk/latest-eval');
    expect(bare.headers.get('Location')).toBe('http://localhost/eval/1');
  });

  it('of all jobsets are told with how they stand', async () => {
    await using api = await openTestApi();
    const { jobs } = await api.evaluated(await api.jobset(), [{ job: 'a' }, { job: 'b' }, { job: 'c' }]);
    await api.finished(jobs[0]?.buildId ?? 0);
    await api.finished(jobs[1]?.buildId ?? 0, { status: 1 });

    expect(await api.json('/evals')).toMatchObject([
      { eval: { id: 1 }, nrScheduled: 1, nrSucceeded: 1, nrFailed: 1 },
    ]);
  });

  it('say the errors in full where they are asked for', async () => {
    await using api = await openTestApi();
    const { id } = await api.jobset();
    await api.database.jobsets.checked(id, { at: 5000, errorMessage: 'error: no\n', completed: false });

    expect(await api.json('/jobset/tests/trunk')).toMatchObject({ errormsg: '', errortime: 5 });
    expect(await api.json('/jobset/tests/trunk/errors')).toMatchObject({ errormsg: 'error: no\n' });
  });
});
