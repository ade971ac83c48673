import { describe, expect, it } from 'vitest';
import { AppError } from '../util/app-error.ts';
import { fetchInputs } from './fetch-inputs.ts';
import type { InputDeps, InputPlugin, InputSpec } from './input.ts';
import { plainInput } from './plain-input.ts';

const deps = { project: 'p', jobset: 'j', env: {} } as InputDeps;

/** An input that is its value; `!CODE` fails with that code. */
const plugin: InputPlugin = {
  type: 'say',
  title: 'Say',
  check: () => undefined,
  async fetch(spec) {
    if (spec.value === '!bug') throw new Error('no such thing');
    if (spec.value.startsWith('!'))
      throw new AppError(spec.value.slice(1) as 'input.fetch', `no ${spec.name}`);
    return plainInput(spec, { kind: 'string', value: spec.value });
  },
};
const missing: InputPlugin = { ...plugin, type: 'tool', unavailable: async () => 'tool is not on PATH' };

const say = (name: string, value: string, type = 'say'): InputSpec => ({ name, type, value });
const fetch = (...specs: InputSpec[]): ReturnType<typeof fetchInputs> =>
  fetchInputs(specs, deps, [plugin, missing]);

describe('fetchInputs', () => {
  it('gives all in their order', async () => {
    const specs = Array.from({ length: 10 }, (_, at) => say(`i${at}`, String(at)));

    expect((await fetch(...specs)).map(({ name }) => name)).toEqual(specs.map(({ name }) => name));
  });

  it('has only so many under way', async () => {
    let running = 0;
    let most = 0;
    const slow: InputPlugin = {
      ...plugin,
      async fetch(spec) {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return plainInput(spec, { kind: 'absent' });
      },
    };
    await fetchInputs(
      Array.from({ length: 20 }, (_, at) => say(`i${at}`, '')),
      deps,
      [slow],
    );

    expect(most).toBe(4);
  });

  it('names every input that failed', async () => {
    await expect(fetch(say('a', '!input.fetch'), say('b', 'x'), say('c', '!bug'))).rejects.toMatchObject({
      code: 'input.fetch',
      message: 'input a: no a\ninput c: no such thing',
    });
  });

  it('is about the settings when they are all that is wrong', async () => {
    await expect(fetch(say('a', '!input.invalid'))).rejects.toMatchObject({ code: 'input.invalid' });
    await expect(fetch(say('a', '!input.invalid'), say('b', '!input.fetch'))).rejects.toMatchObject({
      code: 'input.fetch',
    });
  });

  it('lists the types there are, and says why one cannot be used', async () => {
    await expect(fetch(say('a', '', 'cvs'))).rejects.toThrow(
      'input a: there is no type of inputs called "cvs"; valid types: say, tool',
    );
    await expect(fetch(say('a', '', 'tool'))).rejects.toThrow(
      'input a: inputs of type tool cannot be fetched here: tool is not on PATH',
    );
  });

  it('leaves to others that the database is away', async () => {
    await expect(fetch(say('a', '!db.unreachable'))).rejects.toMatchObject({ code: 'db.unreachable' });
  });

  it('is interrupted, whatever the inputs make of it', async () => {
    const signal = AbortSignal.abort();

    await expect(fetchInputs([say('a', 'x')], { ...deps, signal }, [plugin])).rejects.toMatchObject({
      code: 'interrupted',
      message: 'interrupted while fetching the inputs of p:j',
    });
  });
});
