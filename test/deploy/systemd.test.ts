/** Activation on a host that runs a real systemd: the supervisor is a unit of its own, and units of the system fail. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { activateHost } from '../../src/deploy/activation/activate-host.ts';
import { confirmHost } from '../../src/deploy/activation/confirm-host.ts';
import { keepHost } from '../../src/deploy/activation/keep-host.ts';
import { lockHost } from '../../src/deploy/activation/lock-host.ts';
import { rebootHost } from '../../src/deploy/activation/reboot-host.ts';
import { rollBackHost } from '../../src/deploy/activation/roll-back-host.ts';
import type { HostSession } from '../../src/deploy/session/host-session.ts';
import { addLogin } from '../lab/add-login.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { lacksSystemd } from '../lab/lacks-systemd.ts';
import { type ActivationLab, prepareActivationLab } from './activation-lab.ts';

const isBroken = '/var/is-broken';
const unit = `[Unit]
Description=Starts unless it is told otherwise
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/test ! -e ${isBroken}
[Install]
WantedBy=multi-user.target
`;
let lab: Lab;
let web: ActivationLab;
let session: HostSession;

beforeAll(async () => {
  lab = await createLab();
  web = await prepareActivationLab(await lab.addHost('web01', { init: 'systemd', daemon: true }), {
    'app.service': unit,
  });
});
afterAll(async () => {
  await session?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await web.host.exec(`rm -f ${isBroken}`);
  await web.reset();
  await session?.[Symbol.asyncDispose]();
  session = await web.openSession();
});

const activate = (change: Parameters<ActivationLab['request']>[0] = {}) =>
  activateHost(session, web.request(change), web.options());
const unchanged = () => ({ current: web.old, profile: web.old, generation: 'system-1-link' });
const supervisors = async () =>
  (await web.host.exec("systemctl list-units --all --plain --no-legend 'proteus-*' | cut -d ' ' -f 1,3,4"))
    .stdout;
const isActive = async (name: string) =>
  (await web.host.exec(['systemctl', 'is-active', name], { okCodes: [0, 3, 4] })).stdout.trim();

describe.skipIf(lacksSystemd)('the supervisor', () => {
  it('is a unit of its own, outlives a restart of sshd that ends all sessions, and is gone in the end', async () => {
    // Neither sshd's nor sudo's.
    const target = await addLogin(web.host, 'deploy', 'open sesame');
    await using login = await web.openSession({ target, password: async () => 'open sesame' });
    expect(login.facts).toMatchObject({ user: 'deploy', hasSystemd: true, failedUnits: [] });
    await using _lock = await lockHost(login, { rollout: 'r1', beatMs: 500 }, web.options());
    await web.host.setBehaviour('slow', web.fresh);
    const activation = activateHost(login, web.request(), web.options());
    await expect.poll(() => web.lines.some((line) => line.startsWith('step 1'))).toBe(true);
    // As an activation does it that brings another systemd and another sshd.
    await web.host.exec('systemctl daemon-reexec; systemctl restart sshd');
    expect(await activation).toEqual({ state: 'active' });
    expect(web.lines.filter((line) => line.startsWith('step'))).toEqual(
      [1, 2, 3, 4].map((step) => `step ${step} of 4`),
    );
    expect(await isActive('app')).toBe('active');

    expect(await supervisors()).toBe('proteus-r1-1.service active running\n');
    const { stdout } = await web.host.exec('cat /proc/$(sed -n s/^pid=//p /run/proteus/r1/state)/cgroup');
    expect(stdout).toMatch(/^0::\/system\.slice\/proteus-r1-1\.service$/m);
    // What a program of the activation is killed for must not end the supervisor, which has to go back then.
    const policy = ['systemctl', 'show', '--property=OOMPolicy', '--value', 'proteus-r1-1'] as const;
    expect((await web.host.exec(policy)).stdout).toBe('continue\n');
    await using other = await web.openSession();
    await confirmHost(other, web.request(), web.options());
    await keepHost(other, web.request(), web.options());
    expect((await web.stands()).current).toBe(web.fresh);
    await expect.poll(supervisors).toBe('');
  });

  it('goes back by itself when nobody confirms, and leaves no unit behind', async () => {
    const end = activate({ confirmTimeout: 1 }).catch((error: unknown) => error);
    await expect.poll(() => web.state('state')).toBe('active');
    await web.host.exec(['systemctl', 'stop', 'sshd']);
    await expect.poll(() => web.state('state')).toBe('rolled-back');
    expect(await web.stands()).toEqual(unchanged());
    expect(await isActive('app')).toBe('inactive');
    await expect.poll(supervisors).toBe('');
    await web.host.exec(['systemctl', 'start', 'sshd']);
    await end;
  });

  it('takes what it has started with it when it is killed, and the host can be taken back', async () => {
    await web.host.setBehaviour('hang', web.fresh);
    const end = activate().catch((error: unknown) => error);
    await expect.poll(() => web.host.systemLog().then((log) => log.length)).toBe(1);
    await web.host.exec(['systemctl', 'kill', '--kill-who=main', '--signal=KILL', 'proteus-r1-1']);
    expect(await end).toMatchObject({
      code: 'deploy.failed',
      message: expect.stringContaining('what watched over switch on the host was killed in the middle of it'),
    });
    await expect.poll(supervisors).toBe('');
    await rollBackHost(session, web.request(), web.options());
    expect(await web.stands()).toEqual(unchanged());
    await expect.poll(supervisors).toBe('');
  });

  it.each([
    ['systemd 234', ['--collect', '--service-type=exec', 'OOMPolicy']],
    ['systemd 239', ['--service-type=exec', 'OOMPolicy']],
    ['nothing that is known', ['--collect', '--service-type=exec', 'OOMPolicy']],
  ])('is started by what calls itself %j, and does not know %j', async (version, unknown) => {
    const older = `#!/bin/sh
case " $* " in
  *' --version '*) printf '${version}\\n'; exit ;;
  ${unknown.map((word) => `*${word}*`).join(' | ')}) echo "unknown: $*" >&2; exit 1 ;;
esac
exec /usr/bin/systemd-run "$@"
`;
    const program = '/run/wrappers/bin/systemd-run';
    await web.host.exec(`cat > ${program}; chmod 755 ${program}`, { input: older });
    try {
      expect(await activate()).toEqual({ state: 'active' });
      expect(await supervisors()).toBe('proteus-r1-1.service active running\n');
      await rollBackHost(session, web.request(), web.options());
      await expect.poll(supervisors).toBe('');
    } finally {
      await web.host.exec(['rm', program]);
    }
  });

  it('says why systemd does not start it', async () => {
    await web.host.exec('systemctl mask --runtime proteus-r1-1 proteus-r1-2');
    await expect(activate()).rejects.toMatchObject({
      code: 'deploy.failed',
      message: expect.stringMatching(
        /^web01: nothing was activated: the supervisor did not start: .*proteus-r1-1\.service/,
      ),
    });
    expect(await web.stands()).toEqual(unchanged());
    await rollBackHost(session, web.request(), web.options());

    await web.host.exec('systemctl unmask --runtime proteus-r1-1');
    await activate();
    await web.host.exec(['systemctl', 'stop', 'proteus-r1-1']);
    await expect(rollBackHost(session, web.request(), web.options())).rejects.toMatchObject({
      code: 'deploy.failed',
      message: expect.stringMatching(
        /^web01: it could not begin to go back: not-started .*proteus-r1-2\.service/,
      ),
    });
    await web.host.exec('systemctl unmask --runtime proteus-r1-2');
    await rollBackHost(session, web.request(), web.options());
    expect(await web.stands()).toEqual(unchanged());
  });
});

describe.skipIf(lacksSystemd)('an activation', () => {
  it('in which a unit fails is told with its name, by the host as well', async () => {
    await web.host.exec(`touch ${isBroken}`);
    expect(await activate()).toEqual({ state: 'failed-units', units: ['app.service'] });
    expect(session.facts).toMatchObject({ hasSystemd: true, failedUnits: ['app.service'] });
    expect(web.lines).toContain('warning: the following units failed: app.service');
    await rollBackHost(session, web.request(), web.options());
    expect(await web.stands()).toEqual(unchanged());
    expect((await session.refresh({ signal: AbortSignal.timeout(30_000) })).failedUnits).toEqual([]);
  });

  it('for the next start is what the host runs after a reboot by systemd', async () => {
    await activate({ action: 'boot' });
    expect((await web.stands()).current).toBe(web.old);
    await rebootHost(session, { rollout: 'r1', rebootTimeout: 60 }, web.options());
    expect(session.facts).toMatchObject({ current: web.fresh, booted: web.fresh, failedUnits: [] });
    expect(await isActive('app')).toBe('active');
    await keepHost(session, web.request({ action: 'boot' }), web.options());
  });
});
