import { expect, it } from 'vitest';
import { defaultDataDirectory } from './default-data-directory.ts';

it.each([
  [0, { HOME: '/root', XDG_STATE_HOME: '/elsewhere' }, '/var/lib/proteus'],
  [1000, { HOME: '/home/ada' }, '/home/ada/.local/state/proteus/server'],
  [1000, { HOME: '/home/ada', XDG_STATE_HOME: '/state' }, '/state/proteus/server'],
])('is the right one for user %i', (userId, env, wanted) => {
  expect(defaultDataDirectory(env, userId)).toBe(wanted);
});
