import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openTestApi, origin, type TestApi } from '../testing/test-api.ts';

const secrets = { github: ['first', 'second'], gitea: ['third'] };
const input = (name: string, value: string) => ({ name, type: 'git', value, emailResponsible: false });

async function open(webhookSecrets = secrets): Promise<TestApi> {
  const api = await openTestApi({ webhookSecrets });
  await api.jobset({ name: 'legacy', inputs: [input('src', 'https://github.com/OWNER/REPO.git main')] });
  await api.jobset({
    name: 'flake',
    type: 1,
    flake: 'github:owner/repo',
    nixExprInput: null,
    nixExprPath: null,
  });
  await api.jobset({ name: 'other', inputs: [input('src', 'https://github.com/owner/repo-2')] });
  await api.jobset({ name: 'off', state: 0, inputs: [input('src', 'https://github.com/owner/repo')] });
  await api.jobset({ name: 'once', state: 2, inputs: [input('src', 'https://github.com/owner/repo')] });
  await api.jobset({ name: 'gitea', inputs: [input('src', 'ssh://git@git.example.org/a/b.git')] });
  return api;
}

describe('/api/push', () => {
  const push = (api: TestApi, query: string, { as = 'evaluator', status = 200 } = {}): Promise<unknown> =>
    api.json(`/api/push?${query}`, { method: 'POST', as, status });

  it('has jobsets evaluated by name', async () => {
    await using api = await open();

    expect(await push(api, 'jobsets=tests:legacy,tests:once')).toEqual({
      jobsetsTriggered: ['tests:legacy', 'tests:once'],
    });
    expect(api.told).toEqual(['trigger 1', 'trigger 5']);
    expect(await api.json('/jobset/tests/legacy')).toMatchObject({ triggertime: 1_700_000_000 });
  });

  it('leaves out those that are disabled, unless it is forced', async () => {
    await using api = await open();

    expect(await push(api, 'jobsets=tests:off')).toEqual({ jobsetsTriggered: [] });
    expect(await push(api, 'jobsets=tests:off&force=1')).toEqual({ jobsetsTriggered: ['tests:off'] });
    expect(await push(api, 'jobsets=tests:legacy&force')).toEqual({ jobsetsTriggered: ['tests:legacy'] });
    expect(api.told).toEqual(['force 4', 'force 1']);
  });

  it('has those evaluated that have an input of that value, the newest first', async () => {
    await using api = await open();
    await api.jobset({ name: 'again', inputs: [input('x', 'https://github.com/owner/repo-2')] });

    expect(await push(api, `repos=${encodeURIComponent('https://github.com/owner/repo-2')}`)).toEqual({
      jobsetsTriggered: ['tests:again', 'tests:other'],
    });
    expect(await push(api, 'repos=https://github.com/owner/repo')).toEqual({ jobsetsTriggered: [] });
    expect(await push(api, '')).toEqual({ jobsetsTriggered: [] });
  });

  it('says which jobset is not there, and then does nothing', async () => {
    await using api = await open();

    expect(await push(api, 'jobsets=tests:legacy,tests:nosuch', { status: 404 })).toMatchObject({
      error: "Jobset ‘tests:nosuch’ doesn't exist.",
    });
    await push(api, 'jobsets=tests', { status: 404 });
    await push(api, 'jobsets=%00', { status: 404 });
    expect(api.told).toEqual([]);
  });

  it('is for the role, and for owners on their own', async () => {
    await using api = await open();
    await push(api, 'jobsets=tests:legacy', { as: 'olga' });
    await push(api, 'jobsets=tests:legacy', { as: 'nobody', status: 403 });

    await api.json('/api/push?jobsets=tests:legacy', {
      method: 'POST',
      headers: { Origin: origin },
      status: 403,
    });
    expect(await api.json('/api/push?jobsets=tests:legacy', { as: 'root', status: 405 })).toMatchObject({
      error: 'Request must be POSTed.',
    });
    expect(api.told).toEqual(['trigger 1']);
  });
});

describe('webhooks', () => {
  const github = { repository: { owner: { name: 'OWNER' }, name: 'REPO' } };
  const gitea = { repository: { clone_url: 'https://git.example.org/a/b.git' } };
  const sign = (body: string, secret: string): string =>
    createHmac('sha256', secret).update(body).digest('hex');
  const post = (
    api: TestApi,
    forge: 'github' | 'gitea',
    body: string,
    signature: string | undefined,
    { status = 200, type = 'application/json' } = {},
  ): Promise<unknown> =>
    api.json(`/api/push-${forge}`, {
      method: 'POST',
      body,
      headers: {
        'Content-Type': type,
        ...(signature === undefined
          ? {}
          : { [forge === 'github' ? 'X-Hub-Signature-256' : 'X-Gitea-Signature']: signature }),
      },
      status,
    });

  it.each([
    ['github', github, 'first', 'sha256='],
    ['github', github, 'second', 'sha256='],
    ['gitea', gitea, 'third', ''],
  ] as const)('of %s are taken when they are signed', async (forge, payload, secret, prefix) => {
    await using api = await open();
    const body = JSON.stringify(payload);

    expect(await post(api, forge, body, prefix + sign(body, secret))).toEqual({
      jobsetsTriggered: forge === 'github' ? ['tests:flake', 'tests:legacy'] : ['tests:gitea'],
    });
  });

  it.each(['github', 'gitea'] as const)('of %s are refused otherwise', async (forge) => {
    await using api = await open();
    const body = JSON.stringify(forge === 'github' ? github : gitea);
    const prefix = forge === 'github' ? 'sha256=' : '';
    const refused = async (signature: string | undefined): Promise<unknown> =>
      post(api, forge, body, signature, { status: 401 });

    expect(await refused(undefined)).toMatchObject({ error: 'Missing webhook signature' });
    for (const wrong of [
      '',
      'x',
      prefix + sign(body, 'wrong'),
      prefix + sign(`${body} `, 'first'),
      `${prefix}ü`,
    ]) {
      expect(await refused(wrong)).toMatchObject({ error: 'Invalid webhook signature' });
    }
    expect(api.told).toEqual([]);
  });

  it('are refused where no secret is known', async () => {
    await using api = await open({ github: [], gitea: [] });

    expect(await post(api, 'github', '{}', `sha256=${sign('{}', '')}`, { status: 401 })).toMatchObject({
      error: 'Missing webhook signature',
    });
  });

  it('may be forms, and name the owner otherwise', async () => {
    await using api = await open();
    const payload = JSON.stringify({ repository: { owner: { login: 'owner' }, name: 'repo' }, ref: 'x' });
    const body = new URLSearchParams({ payload }).toString();

    const type = 'application/x-www-form-urlencoded';
    expect(await post(api, 'github', body, `sha256=${sign(body, 'first')}`, { type })).toEqual({
      jobsetsTriggered: ['tests:flake', 'tests:legacy'],
    });
  });

  it.each([
    ['not JSON', 'wanted JSON in the body'],
    ['[]', 'wanted a JSON object'],
    ['{}', 'repository: '],
    ['{"repository":{"owner":{},"name":"x"}}', 'repository.owner: wanted the name of the owner'],
  ])('with payload %s are refused', async (body, error) => {
    await using api = await open();

    expect(await post(api, 'github', body, `sha256=${sign(body, 'first')}`, { status: 400 })).toMatchObject({
      error: expect.stringContaining(error),
    });
  });
});
