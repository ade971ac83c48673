import { describe, expect, it } from 'vitest';
import { networkSchema } from './network-schema.ts';
import { type Selectors, selectHosts } from './select-hosts.ts';
import { selectionHeader } from './selection-header.ts';

const network = networkSchema.parse({
  hosts: [
    { name: 'db01', tags: ['db', 'prod'] },
    { name: 'db02', tags: ['db'] },
    { name: 'iso' },
    {
      name: 'web01',
      tags: ['web'],
      secrets: { a: { source: 'a', destination: '/a' }, b: { source: 'b', destination: '/b' } },
      healthChecks: { cmd: [{ cmd: ['x'] }], http: [{ port: 80 }] },
      preDeployChecks: { cmd: [{ cmd: ['y'] }] },
    },
  ],
  meta: { ordering: { tags: ['web', 'db'] } },
});

describe('selectionHeader', () => {
  const header = (selectors: Selectors): string => selectionHeader(selectHosts(network, selectors));

  it('is Morph’s, to the character', () => {
    expect(header({})).toBe(
      `Selected 4/4 hosts (name filter:-0, limits:-0):
\t  0: web01 (secrets: 2, health checks: 2, tags: web)
\t  1: db01 (secrets: 0, health checks: 0, tags: db,prod)
\t  2: db02 (secrets: 0, health checks: 0, tags: db)
\t  3: iso (secrets: 0, health checks: 0, tags: )

`,
    );
  });

  it('counts tags among the limits', () => {
    expect(header({ on: '*0?', tagged: 'db', limit: 1 })).toBe(
      'Selected 1/4 hosts (name filter:-1, limits:-2):\n\t  0: db01 (secrets: 0, health checks: 0, tags: db,prod)\n\n',
    );
  });

  it('says so when there is nothing', () => {
    expect(header({ on: 'x' })).toBe('Selected 0/4 hosts (name filter:-4, limits:-0):\n\n');
  });
});
