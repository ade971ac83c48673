/** Activation under the supervisor, on a host with a real sshd and a real Nix profile. */

import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { activateHost } from '../../src/deploy/activation/activate-host.ts';
import { confirmHost } from '../../src/deploy/activation/confirm-host.ts';
import { followActivation } from '../../src/deploy/activation/follow-activation.ts';
import { keepHost } from '../../src/deploy/activation/keep-host.ts';
import { lockHost } from '../../src/deploy/activation/lock-host.ts';
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

describe('a session', () => {
  it('knows how the host stands', async () => {
    const facts = await session.refresh({ signal: AbortSignal.timeout(30_000) });

    expect(facts).toMatchObject({
      current: web.old,
      profile: web.old,
      generation: 1,
      generations: [{ number: 1, path: web.old }],
      user: 'root',
      trusted: true,
      hasSystemd: false,
      failedUnits: undefined,
      activation: undefined,
    });
    expect(facts.freeBytes).toBeGreaterThan(1_000_000);
  });

  it('knows that the host needs a reboot, and what is no system', async () => {
    const ask = () => session.refresh({ signal: AbortSignal.timeout(30_000) });
    await web.host.exec(`
      ln -sfn ${web.old} /run/booted-system
      mkdir /run/other && echo quiet > /run/other/kernel-params && ln -sfn /run/other /run/current-system`);
    expect(await ask()).toMatchObject({ current: undefined, booted: web.old, needsReboot: true });
    await web.host.exec(`ln -sfn ${web.fresh} /run/current-system`);
    expect(await ask()).toMatchObject({ current: web.fresh, needsReboot: false });
    await web.host.exec('rm -r /run/other /run/booted-system');
  });
});

describe('an activation', () => {
  it('is done, confirmed over a new login, and kept', async () => {
    await using _lock = await lockHost(session, { rollout: 'r1', beatMs: 1000 }, web.options());
    expect(await activate()).toEqual({ state: 'active' });
    expect(await web.stands()).toEqual({
      current: web.fresh,
      profile: web.fresh,
      generation: 'system-2-link',
    });
    expect(web.lines).toContain('activating the configuration...');
    expect(await web.state('state')).toBe('active');
    expect(await memory()).toContain('r1-current');

    await confirmHost(session, web.request(), web.options());
    expect(await web.state('state')).toBe('confirmed');
    const { activation } = await session.refresh({ signal: AbortSignal.timeout(30_000) });
    expect(activation).toEqual({ rollout: 'r1', state: 'confirmed' });

    await keepHost(session, web.request(), web.options());
    expect(await web.state('state')).toBe('kept');
    expect(await memory()).toBe('');
    // Done already, and so not done again.
    await keepHost(session, web.request(), web.options());
    expect(await activate()).toEqual({ state: 'active' });
    expect(await web.host.systemLog()).toHaveLength(1);
  });

  it('goes back by itself when nobody confirms it', async () => {
    expect(await activate({ confirmTimeout: 1 })).toEqual({ state: 'active' });
    await expect.poll(() => web.state('state')).toBe('rolled-back');

    expect(await web.stands()).toEqual({ current: web.old, profile: web.old, generation: 'system-1-link' });
    expect((await web.host.systemLog()).map(({ action, toplevel }) => [action, toplevel])).toEqual([
      ['switch', web.fresh],
      ['switch', web.old],
    ]);
    expect((await web.host.exec('ls /nix/var/nix/profiles')).stdout).not.toContain('system-2-link');
    const gone = {
      code: 'deploy.not-confirmed',
      message: expect.stringContaining(`has gone back to ${web.old}`),
    };
    await expect(confirmHost(session, web.request(), web.options())).rejects.toMatchObject(gone);
    await expect(keepHost(session, web.request(), web.options())).rejects.toMatchObject(gone);
    await rollBackHost(session, web.request(), web.options());
    // Nobody's fault but ours: it is begun anew.
    expect(await activate()).toEqual({ state: 'active' });
  });

  it('goes back at once when it fails', async () => {
    await web.host.setBehaviour('fail', web.fresh);

    await expect(activate()).rejects.toMatchObject({
      code: 'deploy.failed',
      message: `web01: switch failed (exit code 1); it has gone back to ${web.old}`,
    });
    expect(web.lines).toContain('activation script failed');
    expect(await web.stands()).toEqual({ current: web.old, profile: web.old, generation: 'system-1-link' });
    // Asked again it says the same, and does not try again.
    await expect(activate()).rejects.toThrow('switch failed (exit code 1)');
    expect(await web.host.systemLog()).toHaveLength(2);
  });

  it('that prints without end fills no memory there, and is followed all the same', async () => {
    await web.host.setBehaviour('chatty', web.fresh);

    expect(await activate()).toEqual({ state: 'active' });
    const { size } = await stat(web.host.path('/run/proteus/r1/log'));
    expect(size).toBeLessThan(1.2 * 1024 * 1024);
    const left = web.lines.findIndex((line) => /^\d+ bytes \(\d+ lines\) are left out here$/.test(line));
    expect(left).toBeGreaterThan(0);
    const numbers = web.lines.filter((line) => /^\d+$/.test(line));
    expect([numbers[0], numbers.at(-1)]).toEqual(['1', '600000']);
    expect(web.lines.indexOf('activating the configuration...')).toBeGreaterThan(left);

    // Whoever takes it up from a line on is told what follows, once.
    const again: string[] = [];
    const following = { ...web.options(), patienceMs: 1000, onLine: (line: string) => void again.push(line) };
    await followActivation(session, 'r1', { ...following, seen: web.lines.length - 3 });
    expect(again).toEqual(web.lines.slice(-3));
  });

  it('is found out when the host runs something else', async () => {
    await activate();
    await confirmHost(session, web.request(), web.options());
    await web.host.exec(`ln -sfn ${web.old} /run/current-system`);

    await expect(keepHost(session, web.request(), web.options())).rejects.toMatchObject({
      code: 'deploy.failed',
      message: expect.stringContaining(`web01: /run/current-system is ${web.old} instead of ${web.fresh}`),
    });
  });
});

describe('two rollouts', () => {
  it('never meet on a host', async () => {
    const other = web.request({ rollout: 'r2' });
    {
      await using _lock = await lockHost(session, { rollout: 'r1', beatMs: 1000 }, web.options());
      const refused = {
        code: 'deploy.locked',
        message: expect.stringMatching(/^web01: rollout r1 works on it since 20/),
      };
      await expect(lockHost(session, { rollout: 'r2', beatMs: 1000 }, web.options())).rejects.toMatchObject(
        refused,
      );
      await expect(activateHost(session, other, web.options())).rejects.toMatchObject(refused);
      await activate();
    }
    // The lock is given up, but what it did is not settled.
    await expect(activateHost(session, other, web.options())).rejects.toMatchObject({
      code: 'deploy.locked',
    });
    await keepHost(session, web.request(), web.options());
    expect(await activateHost(session, other, web.options())).toEqual({ state: 'active' });
  });
});
