import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../deploy/rollout/default-policy.ts';
import { plannedHost, planOf } from '../../deploy/testing/plan-of.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import { describePlan } from './describe-plan.ts';

const toplevel = parseStorePath(`/nix/store/${'1'.repeat(32)}-system`);
const host = (name: string, buildOnly = false) =>
  plannedHost({ name, target: { host: name }, toplevel, buildOnly });

describe('describePlan', () => {
  it('is short for what is plain', () => {
    expect(describePlan(planOf('switch', [host('db'), host('iso', true)]))).toEqual([
      'switch on 1 host',
      `db: would switch ${toplevel}`,
      `iso: would only be built ${toplevel}`,
    ]);
  });

  it('says what hosts build themselves', () => {
    const drvPath = parseStorePath(`${toplevel}.drv`);
    expect(describePlan(planOf('push', [{ ...host('db'), build: { drvPath } }])).at(-1)).toBe(
      `db: would push ${toplevel}, which it would build itself from ${drvPath}`,
    );
  });

  it('says waves, care and what is done besides', () => {
    const plan = planOf('boot', [host('db'), host('web'), host('x')], {
      waves: [['db'], ['web', 'x']],
      uploadSecrets: true,
      reboot: true,
      policy: {
        ...defaultPolicy,
        parallel: 2,
        maxUnavailable: 1,
        failureBudget: 1,
        soak: 600,
        rollBack: false,
        windows: [{ days: [0], from: 0, to: 60 }],
      },
    });

    expect(describePlan(plan)).toEqual([
      'boot, upload secrets, reboot on 3 hosts in 2 waves; 2 at a time, 1 unavailable at most, 1 may fail, ' +
        '10 min 0 s between waves, only in its windows, no way back',
      'wave 1:',
      `  db: would boot ${toplevel}`,
      'wave 2:',
      `  web: would boot ${toplevel}`,
      `  x: would boot ${toplevel}`,
    ]);
  });
});
