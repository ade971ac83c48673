import { expect, it } from 'vitest';
import { expandArgumentFiles } from './expand-argument-files.ts';

it('puts the lines of a file in the place of @file', () => {
  const read = (file: string): string => (file === 'args' ? '--on\nweb*\n\n' : '');

  expect(expandArgumentFiles(['build', '@args', 'net.nix'], read)).toEqual([
    'build',
    '--on',
    'web*',
    'net.nix',
  ]);
});

it('leaves a lone @ and addresses alone', () => {
  expect(expandArgumentFiles(['@', 'me@host'])).toEqual(['@', 'me@host']);
});

it('names the file that cannot be read', () => {
  expect(() => expandArgumentFiles(['@/no/such/file'])).toThrow(
    'cannot read the argument file /no/such/file',
  );
});
