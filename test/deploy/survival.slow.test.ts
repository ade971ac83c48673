/** What an activation survives: of the network, of sshd, of the supervisor itself; and of shells and tools. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { activateHost } from '../../src/deploy/activation/activate-host.ts';
import { confirmHost } from '../../src/deploy/activation/confirm-host.ts';
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
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await web.reset();
  await session?.[Symbol.asyncDispose]();
  session = await web.openSession();
});

const activate = (change: Parameters<ActivationLab['request']>[0] = {}) =>
  activateHost(session, web.request(change), web.options());
const killSupervisor = () => web.host.exec("kill -KILL $(sed -n 's/^pid=//p' /run/proteus/r1/state)");
const unchanged = () => ({ current: web.old, profile: web.old, generation: 'system-1-link' });
const calls = () =>
  web.host.systemLog().then((log) => log.map(({ action, toplevel }) => `${action} ${toplevel}`));

describe('an activation', () => {
  it('goes back alone when it has cut the host off', async () => {
    await web.host.setBehaviour('cut-network', web.fresh);
    const activation = activate({ confirmTimeout: 2 });
    const end = activation.catch((error: unknown) => error);
    await expect.poll(() => web.state('state')).toBe('rolled-back');
    expect(await web.stands()).toEqual(unchanged());
    await web.host.restoreNetwork();
    expect(await end).toMatchObject({
      code: 'deploy.not-confirmed',
      message: `web01: switch was not confirmed in time; it has gone back to ${web.old}`,
    });
  });

  it('is gone on with after a cut that was over in time, and tells each line once', async () => {
    await web.host.setBehaviour('slow', web.fresh);
    const activation = activate();
    await expect.poll(() => web.lines.some((line) => line.startsWith('step 1'))).toBe(true);
    await web.host.killSshd();
    await web.host.startSshd();
    expect(await activation).toEqual({ state: 'active' });
    expect(web.lines.filter((line) => line.startsWith('step'))).toEqual(
      [1, 2, 3, 4].map((step) => `step ${step} of 4`),
    );
    await confirmHost(session, web.request(), web.options());
    await keepHost(session, web.request(), web.options());
    expect(await calls()).toEqual([`switch ${web.fresh}`]);
  });

  it('is ended when it takes too long, and what it began goes back', async () => {
    await web.host.setBehaviour('hang', web.fresh);
    await expect(activate({ activationTimeout: 1 })).rejects.toMatchObject({
      code: 'deploy.failed',
      message: `web01: switch failed (it took too long and was ended); it has gone back to ${web.old}`,
    });
    expect(await web.stands()).toEqual(unchanged());
    const { stdout } = await web.host.exec('cat /proc/[0-9]*/cmdline | tr "\\0" " "');
    expect(stdout).not.toContain(`${web.fresh}/bin/switch-to-configuration`);
  });

  it('that hangs is called off when the host is told to go back', async () => {
    await web.host.setBehaviour('hang', web.fresh);
    const activation = activate();
    const end = activation.catch((error: unknown) => error);
    await expect.poll(calls).toEqual([`switch ${web.fresh}`]);
    await using other = await web.openSession();
    await rollBackHost(other, web.request(), web.options());
    expect(await end).toMatchObject({ code: 'deploy.not-confirmed' });
    expect(await web.stands()).toEqual(unchanged());
  });

  it('says that it could not go back, if so', async () => {
    await web.host.setBehaviour('fail');
    await expect(activate()).rejects.toMatchObject({
      code: 'deploy.failed',
      message:
        `web01: switch failed (exit code 1), and it could not go back: activating ${web.old} ended with exit code 1; ` +
        'the host may be partly changed',
    });
    // Once what was in the way is gone, it can.
    await web.host.setBehaviour(undefined);
    await rollBackHost(session, web.request(), web.options());
    expect(await web.stands()).toEqual(unchanged());
  });

  it('whose supervisor is killed is found, taken back, or begun anew', async () => {
    await web.host.setBehaviour('hang', web.fresh);
    const activation = activate();
    const end = activation.catch((error: unknown) => error);
    await expect.poll(calls).toEqual([`switch ${web.fresh}`]);
    await killSupervisor();
    expect(await end).toMatchObject({
      code: 'deploy.failed',
      message: expect.stringContaining('what watched over switch on the host was killed in the middle of it'),
    });
    // What it had started runs on: nobody else may come between.
    await expect(activateHost(session, web.request({ rollout: 'r2' }), web.options())).rejects.toMatchObject({
      code: 'deploy.locked',
    });
    await web.host.setBehaviour(undefined);
    expect(await activate()).toEqual({ state: 'active' });
    await killSupervisor();
    await rollBackHost(session, web.request(), web.options());
    expect(await web.stands()).toEqual(unchanged());
  });

  it('is kept also when its supervisor was killed after it', async () => {
    await activate();
    await killSupervisor();
    await confirmHost(session, web.request(), web.options());
    await keepHost(session, web.request(), web.options());
    expect((await web.stands()).current).toBe(web.fresh);
    expect(web.lines.join()).toContain('nothing watches over the activation there any more');
  });

  it('goes back when nobody gives signs of life any more, though it was confirmed', async () => {
    const request = web.request({ confirmTimeout: 2 });
    const lock = await lockHost(session, { rollout: 'r1', beatMs: 400 }, web.options());
    await activateHost(session, request, web.options());
    await confirmHost(session, request, web.options());
    await new Promise((resolve) => setTimeout(resolve, 4000));
    expect(await web.state('state')).toBe('confirmed');
    // The lock finds its way back when its session is gone.
    await web.host.killSshd();
    await web.host.startSshd();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await lock[Symbol.asyncDispose]();
    await expect.poll(() => web.state('state')).toBe('rolled-back');
    expect(await web.stands()).toEqual(unchanged());
  });
});

it('works where sshd allows two sessions a login', async () => {
  await web.host.exec("sed -i 's/^MaxSessions.*/MaxSessions 2/' /etc/ssh/sshd_config");
  await web.host.killSshd();
  await web.host.startSshd();
  try {
    await using few = await web.openSession();
    await using _lock = await lockHost(few, { rollout: 'r1', beatMs: 500 }, web.options());
    await using _root = await few.store.leaseTempRoots([web.fresh]);
    await activateHost(few, web.request(), web.options());
    await confirmHost(few, web.request(), web.options());
    await keepHost(few, web.request(), web.options());
    expect((await web.stands()).current).toBe(web.fresh);
  } finally {
    await web.host.exec("sed -i 's/^MaxSessions.*/MaxSessions 100/' /etc/ssh/sshd_config");
    await web.host.killSshd();
    await web.host.startSshd();
  }
});

describe('the script on the host', () => {
  it.each([
    ['busybox', 'mount --bind /bin/busybox "$(readlink -f /bin/sh)"', 'sh --help 2>&1', 'BusyBox'],
    ['bash', 'mount --bind /bin/bash "$(readlink -f /bin/sh)"', 'sh --version', 'bash'],
    [
      'no flock and no setsid',
      'mount --bind /dev/null /usr/bin/flock; mount --bind /dev/null /usr/bin/setsid',
      'command -v flock setsid || echo neither',
      'neither',
    ],
  ])('works with %s', async (_, prepare, probe, proof) => {
    await web.host.exec(prepare);
    expect((await web.host.exec(probe)).stdout).toContain(proof);
    try {
      await using _lock = await lockHost(session, { rollout: 'r1', beatMs: 500 }, web.options());
      await expect(lockHost(session, { rollout: 'r2', beatMs: 500 }, web.options())).rejects.toMatchObject({
        code: 'deploy.locked',
      });
      expect(await activate()).toEqual({ state: 'active' });
      await confirmHost(session, web.request(), web.options());
      await rollBackHost(session, web.request(), web.options());
      expect(await web.stands()).toEqual(unchanged());
    } finally {
      await web.host.exec('umount "$(readlink -f /bin/sh)" /usr/bin/flock /usr/bin/setsid', {
        okCodes: [0, 1, 32, 64],
      });
    }
  });
});
