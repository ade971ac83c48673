import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import type { DeployPlan } from '../deploy-plan.ts';
import { plannedHost, planOf } from '../testing/plan-of.ts';
import { parsePlan } from './plan-schema.ts';

const toplevel = parseStorePath(`/nix/store/${'1'.repeat(32)}-system`);
const host = (name: string, change = {}) =>
  plannedHost({ name, target: { host: name }, toplevel, ...change });
const check = { description: 'd', cmd: null, period: 2, timeout: 5 };
const plan = planOf('switch', [
  host('db', { healthChecks: { cmd: [check], http: [] } }),
  host('web', { buildOnly: true, target: { host: '-not looked at' } }),
]);

function parse(change: object): DeployPlan {
  return parsePlan(JSON.parse(JSON.stringify({ ...plan, ...change })), 'plan.json');
}

describe('parsePlan', () => {
  it('gives back what was saved', () => {
    expect(parse({})).toEqual(plan);
    const source = {
      type: 'evaluation',
      server: undefined,
      project: 'p',
      jobset: 'j',
      evaluation: 3,
    } as const;
    expect(parse({ source, force: true })).toEqual({ ...plan, source, force: true });
    const hosts = [host('db', { build: { drvPath: `${toplevel}.drv` } }), host('web')];
    expect(parse({ hosts })).toEqual({ ...plan, hosts });
  });

  it.each([
    ['an unknown field', { colour: 'red' }, 'colour'],
    ['another version', { version: 2 }, 'version'],
    ['an unknown action', { action: 'dance' }, 'action'],
    [
      'what is no store path',
      { hosts: [{ ...host('db'), toplevel: '/nix/store/../etc' }] },
      'wanted a store path',
    ],
    ['what is no derivation', { hosts: [host('db', { build: { drvPath: toplevel } })] }, 'a .drv file'],
    [
      'an address that is an option',
      { hosts: [host('db', { target: { host: '-oX' } })] },
      'deployment.targetHost',
    ],
    ['a name that breaks lines', { hosts: [host('d\nb')] }, 'wanted a name on one line'],
    ['a host twice', { hosts: [host('db'), host('db')] }, 'the host db is there twice'],
    ['waves that leave out a host', { waves: [['db']] }, 'the waves together must be all hosts'],
    ['waves in another order', { waves: [['web'], ['db']] }, 'the waves together must be all hosts'],
    ['no host at a time', { policy: { ...plan.policy, parallel: 0 } }, 'parallel'],
    ['a window of no day', { policy: { ...plan.policy, windows: [{ days: [7], from: 0, to: 1 }] } }, 'days'],
  ])('refuses %s', (_, change, message) => {
    expect(() => parse(change)).toThrow(expect.objectContaining({ code: 'rollout.plan-invalid' }));
    expect(() => parse(change)).toThrow(message);
  });
});
