import { expect, it } from 'vitest';
import { isErrorCode } from './is-error-code.ts';

it('knows the codes of the catalogue, and nothing that every object has', () => {
  expect(isErrorCode('usage.invalid')).toBe(true);
  for (const code of ['', 'usage', 'constructor', 'toString', '__proto__'])
    expect(isErrorCode(code)).toBe(false);
});
