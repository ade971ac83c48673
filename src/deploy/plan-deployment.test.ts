import { describe, expect, it } from 'vitest';
import type { HostMetadata } from '../network/network.ts';
import { parseStorePath } from '../nix/store-path.ts';
import { planDeployment } from './plan-deployment.ts';

const noChecks = { cmd: [], http: [] };
const plain = { tags: [], secrets: {}, preDeployChecks: noChecks, healthChecks: noChecks };
const system = (name: string) => parseStorePath(`/nix/store/${'a'.repeat(32)}-nixos-system-${name}`);

function host(name: string, change: Partial<HostMetadata> = {}): HostMetadata {
  return {
    name,
    targetHost: `${name}.example.org`,
    targetPort: null,
    targetUser: '',
    buildOnly: false,
    substituteOnDestination: false,
    tags: [],
    secrets: {},
    preDeployChecks: noChecks,
    healthChecks: noChecks,
    nixosRelease: '25.05',
    nixConfig: {},
    ...change,
  };
}

function plan(hosts: readonly HostMetadata[], defaultUser?: string) {
  const toplevels = new Map(hosts.map(({ name }) => [name, system(name)]));
  return planDeployment({ action: 'switch', hosts, toplevels, defaultUser });
}

describe('planDeployment', () => {
  it('plans the hosts in the order they come in', () => {
    const { action, hosts } = plan([host('web'), host('db', { substituteOnDestination: true })]);
    expect(action).toBe('switch');
    expect(hosts).toEqual([
      {
        name: 'web',
        target: { host: 'web.example.org', port: undefined, user: undefined },
        toplevel: system('web'),
        buildOnly: false,
        substitute: false,
        ...plain,
      },
      {
        name: 'db',
        target: { host: 'db.example.org', port: undefined, user: undefined },
        toplevel: system('db'),
        buildOnly: false,
        substitute: true,
        ...plain,
      },
    ]);
  });

  it("lets the host's own user win over SSH_USER, and that over what ssh would choose", () => {
    const hosts = [host('a', { targetUser: 'deploy' }), host('b')];
    expect(plan(hosts, 'admin').hosts.map(({ target }) => target.user)).toEqual(['deploy', 'admin']);
    expect(plan(hosts, '').hosts.map(({ target }) => target.user)).toEqual(['deploy', undefined]);
  });

  it('takes a port, and 0 for none', () => {
    const hosts = [host('a', { targetPort: 2222 }), host('b', { targetPort: 0 })];
    expect(plan(hosts).hosts.map(({ target }) => target.port)).toEqual([2222, undefined]);
  });

  it('refuses an address that ssh could take for an option', () => {
    expect(() => plan([host('a'), host('b', { targetHost: '-oProxyCommand=x' })])).toThrow(
      'b: deployment.targetHost is "-oProxyCommand=x"',
    );
  });

  it('does not mind the address of a host that is only built', () => {
    expect(plan([host('iso', { buildOnly: true, targetHost: '' })]).hosts[0]?.buildOnly).toBe(true);
  });

  it('refuses a host for which nothing was built', () => {
    expect(() => planDeployment({ action: 'push', hosts: [host('a')], toplevels: new Map() })).toThrow(
      expect.objectContaining({ code: 'deploy.no-toplevel', message: 'a: no system was built for it' }),
    );
  });
});
