import { expect, it } from 'vitest';
import { speaksOfServer } from './cordon-target.ts';

it.each([
  [['web01', 'db01'], {}, {}, false],
  [['fleet/web01'], {}, {}, true],
  [[], {}, {}, false],
  [['web01'], { server: 'http://ci' }, {}, true],
  [['web01'], {}, { PROTEUS_SERVER: 'http://ci' }, true],
  [['web01'], { dataDirectory: '/srv' }, {}, true],
])('%j with %j %j is of a server: %s', (names, flags, env, there) => {
  expect(speaksOfServer({ env }, flags, names)).toBe(there);
});

it('refuses what is of both', () => {
  expect(() => speaksOfServer({ env: {} }, {}, ['fleet/a', 'b'])).toThrow(
    'fleet/a would be of a server and b of this command line',
  );
});
