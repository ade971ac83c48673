import { describe, expect, it } from 'vitest';
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
const host = (name: string) => ({
  name,
  targetHost: name,
  targetPort: null,
  targetUser: '',
  buildOnly: false,
  substituteOnDestination: false,
  tags: [],
  secrets: {
    near: { ...secret, source: '../key' },
    far: { ...secret, source: '/srv/key' },
    text: { ...secret, source: '', text: 'hello' },
    age: { ...secret, source: '', age: { file: 'key.age', identity: 'me.txt' } },
  },
  preDeployChecks: noChecks,
  healthChecks: noChecks,
  nixosRelease: '25.05',
  nixConfig: {},
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
