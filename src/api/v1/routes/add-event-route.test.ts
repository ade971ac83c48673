import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ServerEvent } from '../../../events/event.ts';
import { openTestApi, type TestApi } from '../../testing/test-api.ts';

const changed = (jobset: string, project = 'tests'): ServerEvent => ({
  type: 'ci.jobset.changed',
  project,
  jobset,
});
const warning: ServerEvent = { type: 'message', level: 'warning', text: 'a\nb' };
const jobsetOf = (id: number, jobset: string, project = 'tests'): string =>
  `id: ${id}\nevent: ci.jobset.changed\ndata: ${JSON.stringify(changed(jobset, project))}\n\n`;

async function listen(api: TestApi, query = '', headers: Record<string, string> = {}) {
  const response = await api.request(`/api/v1/events${query}`, { headers });
  const reader = response.body?.getReader();
  return {
    response,
    next: async (): Promise<string> => {
      const { value } = (await reader?.read()) ?? {};
      return Buffer.from(value ?? []).toString();
    },
    cancel: () => reader?.cancel(),
  };
}

describe('events', () => {
  it('come as they happen, each as one frame', async () => {
    await using api = await openTestApi();
    const { response, next, cancel } = await listen(api);
    expect(response.headers.get('Content-Type')).toBe('text/event-stream');
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    expect(await next()).toBe(':\n\n');

    const first = next();
    await turn();
    api.emit(changed('a'));
    api.emit(warning);
    expect(await first).toBe(jobsetOf(1, 'a'));
    expect(await next()).toBe(
      'id: 2\nevent: message\ndata: {"type":"message","level":"warning","text":"a\\nb"}\n\n',
    );
    await cancel();
  });

  it('go on where a listener left off', async () => {
    await using api = await openTestApi();
    for (const name of ['a', 'b', 'c']) api.emit(changed(name));
    const { next, cancel } = await listen(api, '', { 'Last-Event-ID': '1' });
    await next();

    expect([await next(), await next()]).toEqual([jobsetOf(2, 'b'), jobsetOf(3, 'c')]);
    await cancel();
  });

  it.each([
    ['?types=message,ci.build.started', [4]],
    ['?types=ci.*', [1, 2, 3]],
    ['?project=tests', [1, 2]],
    ['?project=tests&jobset=b', [2]],
    ['?jobset=b', [2, 3]],
    ['?types=', [1, 2, 3, 4]],
  ])('are narrowed by %s', async (query, ids) => {
    await using api = await openTestApi();
    api.emit(changed('a'));
    api.emit(changed('b'));
    api.emit(changed('b', 'other'));
    api.emit(warning);
    const { next, cancel } = await listen(api, query, { 'Last-Event-ID': '0' });
    await next();

    for (const id of ids) expect(await next()).toMatch(new RegExp(`^id: ${id}\n`));
    await cancel();
  });

  it('say how many are lost', async () => {
    await using api = await openTestApi();
    Object.assign(api.ci.events, {
      async *listen() {
        yield { lost: 5 };
      },
    });
    const { next } = await listen(api);
    await next();

    expect(await next()).toBe('event: lost\ndata: {"lost":5}\n\n');
  });

  it('have signs of life between them', async () => {
    await using api = await openTestApi({}, { heartbeatMs: 1 });
    const { next, cancel } = await listen(api);
    await next();

    expect(await next()).toBe(':\n\n');
    expect(await next()).toBe(':\n\n');
    await cancel();
  });

  it('are not taken from the hub before the listener takes them, and nothing is left behind', async () => {
    await using api = await openTestApi();
    const { next, cancel } = await listen(api);
    expect(api.listeners()).toBe(0);
    await next();
    const waiting = next();
    await turn();
    expect(api.listeners()).toBe(1);

    await cancel();
    await waiting;
    await turn();
    expect(api.listeners()).toBe(0);
  });

  it('are encoded once, however many listen', async () => {
    await using api = await openTestApi();
    const listeners = await Promise.all([listen(api), listen(api), listen(api)]);
    for (const { next } of listeners) await next();
    const frames = listeners.map(({ next }) => next());
    await turn();
    api.emit(changed('a'));

    expect(await Promise.all(frames)).toEqual(Array(3).fill(jobsetOf(1, 'a')));
    for (const { cancel } of listeners) await cancel();
  });
});
