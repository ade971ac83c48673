/** All the ways in which an activation ends, beside those of activate-host.test.ts. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { activateHost } from '../../src/deploy/activation/activate-host.ts';
import { confirmHost } from '../../src/deploy/activation/confirm-host.ts';
import { keepHost } from '../../src/deploy/activation/keep-host.ts';
import { rollBackHost } from '../../src/deploy/activation/roll-back-host.ts';
import type { HostSession } from '../../src/deploy/session/host-session.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { type ActivationLab, prepareActivationLab } from './activation-lab.ts';

let lab: Lab;
let web: ActivationLab;
let session: HostSession;

beforeAll(async () => {
  lab = await createLab();
  web = await prepareActivationLab(await lab.addHost('web01'));
  session = await web.openSession();
});
afterAll(async () => {
  await session?.[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});
beforeEach(() => web.reset());

const activate = (change: Parameters<ActivationLab['request']>[0] = {}) =>
  activateHost(session, web.request(change), web.options());
const memory = () =>
  web.host
    .exec('ls /nix/var/nix/proteus /nix/var/nix/gcroots/proteus 2>/dev/null | grep r1', { okCodes: [0, 1] })
    .then(({ stdout }) => stdout.trim());

describe('an activation', () => {
  it('goes back when it is told to, and says so to whoever comes later', async () => {
    await activate({ action: 'test' });
    await rollBackHost(session, web.request(), web.options());

    expect(await web.stands()).toMatchObject({ current: web.old, generation: 'system-1-link' });
    expect((await web.host.systemLog()).map(({ action }) => action)).toEqual(['test', 'test']);
    await rollBackHost(session, web.request(), web.options());
    await expect(activate({ action: 'test' })).rejects.toMatchObject({
      code: 'deploy.not-confirmed',
      message: `web01: test was called off; it has gone back to ${web.old}`,
    });
  });

  it.each([
    ['fail 4', { state: 'failed-units', units: [] }],
    ['fail 100', { state: 'needs-reboot' }],
  ] as const)('is what it is after %s', async (behaviour, activated) => {
    await web.host.setBehaviour(behaviour, web.fresh);

    expect(await activate()).toEqual(activated);
    await rollBackHost(session, web.request(), web.options());
    expect(await web.stands()).toMatchObject({ current: web.old, profile: web.old });
  });

  it.each([
    ['boot', { profile: 'fresh' }],
    ['dry-activate', { profile: 'old' }],
  ] as const)('%s waits for nobody', async (action, { profile }) => {
    expect(await activate({ action })).toEqual({ state: 'active' });
    expect(await web.state('state')).toBe('done');
    expect(await web.stands()).toMatchObject({ current: web.old, profile: web[profile] });
    await confirmHost(session, web.request(), web.options());
    await keepHost(session, web.request(), web.options());
    expect(await memory()).toBe('');
  });

  it('takes back what boot has prepared', async () => {
    await activate({ action: 'boot' });
    await rollBackHost(session, web.request(), web.options());

    expect(await web.stands()).toEqual({ current: web.old, profile: web.old, generation: 'system-1-link' });
    const { stdout } = await web.host.exec(['readlink', '/var/boot/default']);
    expect(stdout.trim()).toBe(web.old);
  });

  it('does not begin where the profile cannot be set', async () => {
    await web.host.exec(
      `rm ${'/nix/var/nix/profiles/system'}; mkdir -p /nix/var/nix/profiles/system/in-the-way`,
    );
    await expect(activate()).rejects.toMatchObject({
      code: 'deploy.failed',
      message: 'web01: the system profile could not be set (exit code 1); nothing was activated',
    });
    expect(await web.host.systemLog()).toEqual([]);
    await rollBackHost(session, web.request(), web.options());
  });

  it('is not begun where the system is not', async () => {
    const toplevel = `/nix/store/${'0'.repeat(32)}-nowhere` as typeof web.fresh;
    await expect(activate({ toplevel })).rejects.toMatchObject({
      code: 'deploy.failed',
      message: expect.stringContaining(`${toplevel}/bin/switch-to-configuration is not there`),
    });
    await rollBackHost(session, web.request(), web.options());
    expect(web.lines).toContain('this rollout has activated nothing there that could be taken back');
  });
});
