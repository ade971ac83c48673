/** Ten hosts at once: a canary that is ill keeps the others untouched, and limits hold while many are worked on. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../src/deploy/rollout/default-policy.ts';
import { formWaves } from '../../src/deploy/rollout/form-waves.ts';
import { plannedHost, planOf } from '../../src/deploy/testing/plan-of.ts';
import type { ProteusEvent } from '../../src/events/event.ts';
import type { StorePath } from '../../src/nix/store-path.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import { buildStandInSystem } from '../lab/stand-in-system.ts';
import { rollOut } from './roll-out.ts';

let lab: Lab;
let store: Store;
let hosts: readonly LabHost[];
let old: StorePath;
let fresh: StorePath;

const failing = { cmd: [{ description: 'is well', cmd: ['false'], period: 1, timeout: 5 }], http: [] };

beforeAll(async () => {
  lab = await createLab();
  const names = Array.from({ length: 10 }, (_, index) => `web${index}`);
  const made: LabHost[] = [];
  for (const name of names) made.push(await lab.addHost(name));
  hosts = made;
  store = await openStore({ type: 'local' });
  old = await buildStandInSystem({ name: 'web', note: 'old' });
  fresh = await buildStandInSystem({ name: 'web', note: 'fresh' });
  await deploy(old, { parallel: 5 });
});
afterAll(async () => {
  await store?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

async function deploy(
  toplevel: StorePath,
  policy: Partial<typeof defaultPolicy>,
  options: {
    readonly ill?: string;
    readonly canary?: number;
    readonly emit?: (event: ProteusEvent) => void;
  } = {},
) {
  const planned = hosts.map((host) =>
    plannedHost({
      name: host.name,
      target: host.ssh.target,
      toplevel,
      ...(host.name === options.ill ? { healthChecks: failing } : {}),
    }),
  );
  const plan = planOf('switch', planned, {
    waves: formWaves(planned, { canary: options.canary }),
    policy: { ...defaultPolicy, checkTimeout: 1, ...policy },
  });
  return rollOut(plan, { store, ssh: hosts[0]!.ssh.settings, emit: options.emit });
}

const current = async (host: LabHost) => (await host.exec('readlink -f /run/current-system')).stdout.trim();

describe('ten hosts', () => {
  it('are untouched but for one when that one is a canary and ill', async () => {
    const end = await deploy(fresh, { parallel: 5 }, { ill: 'web0', canary: 1 });

    expect(end.result).toBe('failed');
    expect(end.outcomes.map(({ result }) => result)).toEqual(['rolled-back', ...Array(9).fill('skipped')]);
    for (const host of hosts.slice(1)) {
      expect((await host.systemLog()).map(({ toplevel }) => toplevel)).toEqual([old]);
      const { code } = await host.exec(['nix-store', '--check-validity', fresh], { okCodes: [0, 1] });
      expect(code).toBe(1);
    }
    expect(await Promise.all(hosts.map(current))).toEqual(Array(10).fill(old));
  });

  it('are never worked on or activated more at a time than may be', async () => {
    const open = new Set<string>();
    const away = new Set<string>();
    const most = { open: 0, away: 0 };
    const end = await deploy(
      fresh,
      { parallel: 4, maxUnavailable: 2 },
      {
        emit: (event) => {
          if (event.type === 'host.started') open.add(event.host);
          if (event.type === 'host.phase' && event.phase === 'activating') away.add(event.host);
          if (event.type === 'host.done') {
            open.delete(event.host);
            away.delete(event.host);
          }
          most.open = Math.max(most.open, open.size);
          most.away = Math.max(most.away, away.size);
        },
      },
    );

    expect(end.result).toBe('succeeded');
    expect(most).toEqual({ open: 4, away: 2 });
    expect(await Promise.all(hosts.map(current))).toEqual(Array(10).fill(fresh));
  });
});
