import { expect, it } from 'vitest';
import { parseReleaseName } from './parse-release-name.ts';

it('reads the one line', () => {
  expect(parseReleaseName('nixos-18.03.git@371c404\n')).toBe('nixos-18.03.git@371c404');
});

it.each(['', '\n', 'two words', 'two\nlines', '<b>'])('says nothing for %j', (text) => {
  expect(parseReleaseName(text)).toBeUndefined();
});
