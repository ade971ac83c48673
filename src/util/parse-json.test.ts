import { expect, it } from 'vitest';
import { parseJson } from './parse-json.ts';

it('is undefined for what is no JSON', () => {
  expect(parseJson('{"a":[1,null]}')).toEqual({ a: [1, null] });
  for (const text of ['', '{', '<html>', 'undefined']) expect(parseJson(text)).toBeUndefined();
});
