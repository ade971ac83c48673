import { expect, it } from 'vitest';
import { createSerialize } from './serialize.ts';

it('does one thing at a time in order, also after one failed', async () => {
  const serialize = createSerialize();
  const trace: string[] = [];
  const work =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      trace.push(`${name} begins`);
      await Promise.resolve();
      trace.push(`${name} ends`);
      if (fails) throw new Error(`${name} failed`);
      return name;
    };
  const results = await Promise.allSettled([
    serialize(work('a')),
    serialize(work('b', true)),
    serialize(work('c')),
  ]);
  expect(trace).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  expect(results).toMatchObject([{ value: 'a' }, { reason: { message: 'b failed' } }, { value: 'c' }]);
});
