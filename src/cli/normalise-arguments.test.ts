import { expect, it } from 'vitest';
import { normaliseArguments } from './normalise-arguments.ts';

it.each([
  [['build', 'net.nix', '--on', 'a'], ['build'], ['build', 'net.nix', '--on', 'a']],
  [['--dry-run', 'deploy', 'net.nix', 'switch'], ['deploy'], ['deploy', '--dry-run', 'net.nix', 'switch']],
  [
    ['--json', 'cache', 'serve', '--key', 'k'],
    ['cache', 'serve'],
    ['cache', 'serve', '--json', '--key', 'k'],
  ],
  [['build', '--no-keep-result', 'net.nix'], ['build'], ['build', 'net.nix']],
  [['--help'], [], ['--help']],
  [[], [], []],
])('makes %j of %j into %j', (args, command, wanted) => {
  expect(normaliseArguments(args, command)).toEqual(wanted);
});
