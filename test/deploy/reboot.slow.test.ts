/** Reboots, on a host that runs a real systemd: asked for by a rollout, in the middle of an activation, and never coming. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { activateHost } from '../../src/deploy/activation/activate-host.ts';
import { confirmHost } from '../../src/deploy/activation/confirm-host.ts';
import { keepHost } from '../../src/deploy/activation/keep-host.ts';
import { rebootHost } from '../../src/deploy/activation/reboot-host.ts';
import { rollBackHost } from '../../src/deploy/activation/roll-back-host.ts';
import type { HostSession } from '../../src/deploy/session/host-session.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { type ActivationLab, prepareActivationLab } from './activation-lab.ts';

let lab: Lab;
let web: ActivationLab;
let session: HostSession;

beforeAll(async () => {
  lab = await createLab();
  web = await prepareActivationLab(await lab.addHost('web01', { init: 'systemd' }));
});
afterAll(async () => {
  await session?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await web.reset();
  await session?.[Symbol.asyncDispose]();
  session = await web.openSession();
});

const request = { rollout: 'r1', rebootTimeout: 60 };
const activate = () => activateHost(session, web.request(), web.options());
const unchanged = () => ({ current: web.old, profile: web.old, generation: 'system-1-link' });
const calls = () =>
  web.host.systemLog().then((log) => log.map(({ action, toplevel }) => `${action} ${toplevel}`));

describe('a reboot', () => {
  it('is waited for, is not made twice, and can be followed by keeping', async () => {
    await activate();
    await confirmHost(session, web.request(), web.options());
    const { bootId } = session.facts;
    await rebootHost(session, request, web.options());
    expect(session.facts.bootId).not.toBe(bootId);
    expect(session.facts).toMatchObject({ current: web.fresh, booted: web.fresh });
    await rebootHost(session, request, web.options());
    expect(web.lines.at(-1)).toBe('it has been rebooted since its activation already');
    await keepHost(session, web.request(), web.options());
    expect((await web.host.exec('ls /nix/var/nix/proteus')).stdout).toBe('');
  });

  it('can be followed by going back', async () => {
    await activate();
    await rebootHost(session, request, web.options());
    await rollBackHost(session, web.request(), web.options());
    expect(await web.stands()).toEqual(unchanged());
  });

  it.each([
    ['in order', 'systemctl reboot'],
    ['at once, as when the power goes', 'systemctl reboot --force --force'],
  ])('in the middle of an activation is told, and the activation is begun anew: %s', async (_, command) => {
    await web.host.setBehaviour('hang', web.fresh);
    const end = activate().catch((error: unknown) => error);
    await expect.poll(calls).toEqual([`switch ${web.fresh}`]);
    // Whatever is run there ends with the host.
    await web.host.exec(command).catch(() => {});
    expect(await end).toMatchObject({
      code: 'deploy.failed',
      message: expect.stringContaining('it was rebooted meanwhile'),
    });
    await web.host.setBehaviour(undefined);
    expect(await activate()).toEqual({ state: 'active' });
    await rollBackHost(session, web.request(), web.options());
    expect((await web.stands()).current).toBe(web.old);
  });

  it('that is refused is told', async () => {
    await web.host.exec('systemctl mask --runtime reboot.target');
    await expect(rebootHost(session, request, web.options())).rejects.toMatchObject({
      code: 'deploy.reboot-failed',
      message: 'web01: reboot ended with exit code 1',
    });
    await web.host.exec('systemctl unmask --runtime reboot.target');
  });

  it('that does not come in time is told', async () => {
    await web.host.exec(
      'systemd-run --quiet --unit=stubborn --property=TimeoutStopSec=5 sh -c "trap : TERM; while :; do sleep 1; done"',
    );
    await expect(rebootHost(session, { ...request, rebootTimeout: 1 }, web.options())).rejects.toMatchObject({
      code: 'deploy.reboot-failed',
      message: expect.stringMatching(/^web01: it has not come back within 1 s of being told to reboot: /),
    });
  });
});
