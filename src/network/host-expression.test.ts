import { describe, expect, it } from 'vitest';
import { hostExpression } from './host-expression.ts';

const fleet = [
  { name: 'db01', tags: ['db', 'prod'] },
  { name: 'db02', tags: ['db', 'test'] },
  { name: 'web01', tags: ['web', 'prod'] },
  { name: 'iso', tags: [] },
];
const on = (text: string) =>
  fleet
    .filter(hostExpression(text))
    .map(({ name }) => name)
    .join(' ');

describe('hostExpression', () => {
  it.each([
    ['*', 'db01 db02 web01 iso'],
    ['db*', 'db01 db02'],
    ['{db,web}01', 'db01 web01'],
    ['[dw]*', 'db01 db02 web01'],
    ['[!d]*', 'web01 iso'],
    ['', ''],
    ['nobody', ''],
  ])('means as in Morph: %j', (text, names) => {
    expect(on(text)).toBe(names);
  });

  it.each([
    ['iso,web*', 'web01 iso'],
    ['@db', 'db01 db02'],
    ['@{web,test}', 'db02 web01'],
    ['@prod,iso', 'db01 web01 iso'],
    ['!db*', 'web01 iso'],
    ['!@prod,!iso', 'db02'],
    ['@db,!@test', 'db01'],
    ['!@test,@db', 'db01'],
    ['{db01,iso},!iso,', 'db01'],
    [String.raw`db01\,x`, ''],
  ])('means more than in Morph: %j', (text, names) => {
    expect(on(text)).toBe(names);
  });

  it('names the pattern that cannot be read', () => {
    expect(() => hostExpression('db*,@{a')).toThrow("the pattern '{a' cannot be read: a '{' is not closed");
  });
});
