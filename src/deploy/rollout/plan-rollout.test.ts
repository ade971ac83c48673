import { describe, expect, it } from 'vitest';
import { bareHost } from '../../network/bare-host.ts';
import type { HostMetadata } from '../../network/network.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import { defaultPolicy } from './default-policy.ts';
import { planRollout } from './plan-rollout.ts';
import { parsePlan } from './plan-schema.ts';

const toplevel = parseStorePath(`/nix/store/${'1'.repeat(32)}-system`);
const noChecks = { cmd: [], http: [] };
const secret = {
  destination: '/var/key',
  owner: { user: 'root', group: 'root' },
  permissions: '0400',
  action: [],
  mkDirs: true,
  uploadAt: 'pre-activation',
} as const;
const host = (name: string): HostMetadata => ({
  ...bareHost(name),
  secrets: {
    near: { ...secret, source: '../key' },
    far: { ...secret, source: '/srv/key' },
    text: { ...secret, source: '', text: 'hello' },
    age: { ...secret, source: '', age: { file: 'key.age', identity: 'me.txt' } },
  },
});

const request = {
  action: 'switch',
  hosts: [host('db'), host('web')],
  toplevels: new Map([
    ['db', toplevel],
    ['web', toplevel],
  ]),
  baseDirectory: '/srv/network',
} as const;

const plain = { tags: [], secrets: {}, preDeployChecks: noChecks, healthChecks: noChecks };
const system = (name: string) => parseStorePath(`/nix/store/${'a'.repeat(32)}-nixos-system-${name}`);
const at = (name: string, change: Partial<HostMetadata> = {}): HostMetadata => ({
  ...bareHost(name),
  targetHost: `${name}.example.org`,
  ...change,
});

function planOfHosts(hosts: readonly HostMetadata[], defaultUser?: string) {
  const toplevels = new Map(hosts.map(({ name }) => [name, system(name)]));
  return planRollout({ action: 'switch', hosts, toplevels, defaultUser, baseDirectory: '/' });
}

describe('the hosts of a plan', () => {
  it('plans the hosts in the order they come in', () => {
    const { action, hosts } = planOfHosts([at('web'), at('db', { substituteOnDestination: true })]);
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
    const hosts = [at('a', { targetUser: 'deploy' }), at('b')];
    expect(planOfHosts(hosts, 'admin').hosts.map(({ target }) => target.user)).toEqual(['deploy', 'admin']);
    expect(planOfHosts(hosts, '').hosts.map(({ target }) => target.user)).toEqual(['deploy', undefined]);
  });

  it('takes a port, and 0 for none', () => {
    const hosts = [at('a', { targetPort: 2222 }), at('b', { targetPort: 0 })];
    expect(planOfHosts(hosts).hosts.map(({ target }) => target.port)).toEqual([2222, undefined]);
  });

  it('refuses an address that ssh could take for an option', () => {
    expect(() => planOfHosts([at('a'), at('b', { targetHost: '-oProxyCommand=x' })])).toThrow(
      'b: deployment.targetHost is "-oProxyCommand=x"',
    );
  });

  it('does not mind the address of a host that is only built', () => {
    expect(planOfHosts([at('iso', { buildOnly: true, targetHost: '' })]).hosts[0]?.buildOnly).toBe(true);
  });

  it('refuses a host for which nothing was built', () => {
    expect(() =>
      planRollout({ action: 'push', hosts: [at('a')], toplevels: new Map(), baseDirectory: '/' }),
    ).toThrow(
      expect.objectContaining({ code: 'deploy.no-toplevel', message: 'a: no system was built for it' }),
    );
  });
});

describe('planRollout', () => {
  it('is careful when nothing is said', () => {
    expect(planRollout(request)).toMatchObject({
      waves: [['db', 'web']],
      policy: defaultPolicy,
      uploadSecrets: false,
      reboot: false,
      skipPreDeployChecks: false,
      skipHealthChecks: false,
    });
  });

  it('has what is said of policy and waves', () => {
    const plan = planRollout({ ...request, policy: { parallel: 4 }, waves: { canary: 1 }, force: true });

    expect(plan).toMatchObject({
      policy: { ...defaultPolicy, parallel: 4 },
      waves: [['db'], ['web']],
      force: true,
    });
  });

  it('has hosts build what there is a derivation of', () => {
    const drvPath = parseStorePath(`${toplevel}.drv`);
    const { hosts } = planRollout({ ...request, drvPaths: new Map([['web', drvPath]]) });

    expect(hosts.map(({ name, build }) => [name, build])).toEqual([
      ['db', undefined],
      ['web', { drvPath }],
    ]);
  });

  it('names the sources of secrets so that they are found from anywhere', () => {
    const { secrets } = planRollout(request).hosts[0]!;

    expect(secrets.near?.source).toBe('/srv/key');
    expect(secrets.far?.source).toBe('/srv/key');
    expect(secrets.text?.source).toBe('');
    expect(secrets.age?.age).toEqual({ file: '/srv/network/key.age', identity: '/srv/network/me.txt' });
  });

  it('can be saved and read again', () => {
    const plan = planRollout({ ...request, source: { type: 'network', file: '/srv/network/n.nix' } });

    expect(parsePlan(JSON.parse(JSON.stringify(plan)), 'plan')).toEqual(plan);
  });
});
