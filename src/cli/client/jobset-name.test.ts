import { expect, it } from 'vitest';
import { jobsetPath, parseJobsetName, projectPath } from './jobset-name.ts';

it.each([
  ['fleet:main', '/jobset/fleet/main'],
  ['fleet/v1.2', '/jobset/fleet/v1.2'],
  ['fleet:.jobsets', '/jobset/fleet/.jobsets'],
])('knows the address of %s', (text, path) => {
  expect(jobsetPath(parseJobsetName(text))).toBe(path);
});

it.each(['', 'fleet', ':main', 'fleet:', 'a:b:c', 'fleet:..', '..:main', 'a?b:c', 'a:b/c'])(
  'refuses %j',
  (text) => {
    expect(() => parseJobsetName(text)).toThrow(
      `wanted a jobset as PROJECT:JOBSET, such as fleet:main; got '${text}'`,
    );
  },
);

it.each(['', '..', 'a/b', 'a:b', '1a'])('refuses the project %j', (text) => {
  expect(() => projectPath(text)).toThrow(expect.objectContaining({ code: 'usage.invalid' }));
});
