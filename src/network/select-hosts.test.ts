import { describe, expect, it } from 'vitest';
import type { HostMetadata, NetworkMetadata } from './network.ts';
import { networkSchema } from './network-schema.ts';
import { type Selectors, selectHosts } from './select-hosts.ts';

/** The network of the deployment reference's golden cases. */
const network: NetworkMetadata = networkSchema.parse({
  hosts: [
    { name: 'db01', tags: ['db', 'prod'] },
    { name: 'db02', tags: ['db'] },
    { name: 'iso', buildOnly: true },
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

const names = (hosts: readonly HostMetadata[]): string[] => hosts.map(({ name }) => name);
const select = (selectors: Selectors): string[] => names(selectHosts(network, selectors).selected);

describe('selectHosts', () => {
  it.each<[Selectors, string[]]>([
    [{}, ['web01', 'db01', 'db02', 'iso']],
    [{ on: 'db*' }, ['db01', 'db02']],
    [{ on: 'nothing' }, []],
    [{ tagged: 'db,prod' }, ['db01']],
    [{ tagged: 'db, prod' }, []],
    [{ orderByTags: 'prod,web' }, ['db01', 'web01', 'db02', 'iso']],
    [{ orderByTags: 'unknown' }, ['db01', 'db02', 'iso', 'web01']],
    [{ every: 2 }, ['web01', 'db02']],
    [{ skip: 1, every: 2 }, ['db01', 'iso']],
    [{ skip: 1, limit: 1 }, ['db01']],
    [{ every: 2, limit: 1 }, ['web01']],
    [{ skip: 10 }, []],
    [{ limit: 0 }, ['web01', 'db01', 'db02', 'iso']],
    [{ limit: -1 }, ['web01', 'db01', 'db02', 'iso']],
    [{ limit: 10 }, ['web01', 'db01', 'db02', 'iso']],
    [{ on: '*0?', tagged: 'db', skip: 1 }, ['db02']],
  ])('%o', (selectors, expected) => {
    expect(select(selectors)).toEqual(expected);
  });

  it('counts what is there and what names leave over', () => {
    expect(selectHosts(network, { on: '*0*', tagged: 'db' })).toMatchObject({ total: 4, afterName: 3 });
  });

  it.each<[Selectors, string]>([
    [{ every: 0 }, '--every must be a whole number of at least 1, got 0'],
    [{ every: -2 }, '--every must be a whole number of at least 1, got -2'],
    [{ skip: -1 }, '--skip must be a whole number of at least 0, got -1'],
    [{ skip: 1.5 }, '--skip must be a whole number of at least 0, got 1.5'],
    [{ on: '[' }, "the pattern '[' cannot be read: a '[' is not closed"],
  ])('refuses %o', (selectors, message) => {
    expect(() => select(selectors)).toThrow(expect.objectContaining({ code: 'usage.invalid', message }));
  });
});
