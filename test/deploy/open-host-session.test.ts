/** Sessions on lab hosts: who is let in, who is not, and what becomes of sudo's password. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { activateHost } from '../../src/deploy/activation/activate-host.ts';
import { keepHost } from '../../src/deploy/activation/keep-host.ts';
import { lockHost } from '../../src/deploy/activation/lock-host.ts';
import type { HostSession } from '../../src/deploy/session/host-session.ts';
import { openHostSession } from '../../src/deploy/session/open-host-session.ts';
import { runProcess } from '../../src/process/run-process.ts';
import type { SshTarget } from '../../src/process/ssh.ts';
import { addLogin, setSudoPassword } from '../lab/add-login.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { type ActivationLab, prepareActivationLab } from './activation-lab.ts';

let lab: Lab;
let web: ActivationLab;
let deploy: SshTarget;
let folder: string;

beforeAll(async () => {
  lab = await createLab();
  web = await prepareActivationLab(await lab.addHost('web01', { daemon: true }));
  deploy = await addLogin(web.host, 'deploy', 'open sesame');
  folder = await mkdtemp(join(tmpdir(), 'proteus-session.'));
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const signal = () => AbortSignal.timeout(60_000);
const root = () => web.host.ssh.target;
async function run(session: HostSession, words: readonly string[], options: object = {}) {
  const lines: string[] = [];
  const code = await session.run(words, { signal: signal(), onLine: (line) => lines.push(line), ...options });
  return { code, lines };
}

describe('openHostSession', () => {
  it('runs commands and speaks to the store over one login, and over others when asked', async () => {
    await using session = await web.openSession();
    const peer = ['echo', '$SSH_CONNECTION'];
    const [first, second, fresh] = [
      await run(session, peer),
      await run(session, peer, { asRoot: true }),
      await run(session, peer, { fresh: true }),
    ];
    expect(await session.store.isValidPath(web.fresh)).toBe(true);
    expect(first).toEqual(second);
    expect(fresh.lines).not.toEqual(first.lines);
    expect(await run(session, ['echo out; echo err >&2; exit 7'])).toMatchObject({ code: 7 });
    expect(await run(session, ['cat'], { stdin: Buffer.from('sent\n') })).toEqual({
      code: 0,
      lines: ['sent'],
    });
  });

  it('logs in anew when its login is gone', async () => {
    await using session = await web.openSession();
    await web.host.killSshd();
    await expect(run(session, ['true'])).rejects.toMatchObject({ code: 'deploy.connection-lost' });
    await web.host.startSshd();
    expect(await run(session, ['echo', 'back'])).toEqual({ code: 0, lines: ['back'] });
  });

  it('says that a command was killed there, which is no lost connection', async () => {
    await using session = await web.openSession();
    await expect(run(session, ['kill -9 $$'])).rejects.toMatchObject({
      code: 'deploy.connection-lost',
      message: 'web01: what it ran was killed there: SIGKILL',
    });
  });

  it('cuts off a command that takes too long', async () => {
    await using session = await web.openSession();
    await expect(run(session, ['sleep', '600'], { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'process.timeout',
      message: 'web01: sleep: no end within 0.3 s; it was cut off, and may still be running there',
    });
  });

  it('refuses a host that shows another key', async () => {
    const [key, known] = [join(folder, 'key'), join(folder, 'known_hosts')];
    await runProcess(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
    await writeFile(known, `${web.host.address} ${await readFile(`${key}.pub`, 'utf8')}`);
    const logins = () => web.host.exec(['grep', '-c', 'Accepted', '/var/log/sshd.log']);
    const before = await logins();
    const ssh = { ...web.host.ssh.settings, extraArgs: ['-o', `UserKnownHostsFile=${known}`] };
    await expect(
      openHostSession({ name: 'web01', target: root() }, { ssh, signal: signal() }),
    ).rejects.toMatchObject({
      code: 'deploy.host-key',
      message: expect.stringMatching(/^web01: it shows another host key.*Host key verification failed/s),
    });
    expect(await logins()).toEqual(before);
  });

  it('says that nobody is there', async () => {
    const ssh = web.host.ssh.settings;
    const target = { ...root(), port: 1 };
    await expect(openHostSession({ name: 'web01', target }, { ssh, signal: signal() })).rejects.toMatchObject(
      {
        code: 'deploy.unreachable',
        message: expect.stringMatching(/^web01: it cannot be reached.*Connection refused/s),
      },
    );
  });
});

describe('a login that is not root', () => {
  it('activates with a password that is asked for once and goes nowhere else', async () => {
    await setSudoPassword(web.host, 'deploy', 'open sesame');
    let asked = 0;
    const password = async (): Promise<string> => {
      asked += 1;
      return 'open sesame';
    };
    await using session = await web.openSession({ target: deploy, password });
    expect(session.facts.user).toBe('deploy');
    expect(await run(session, ['id', '-un'])).toEqual({ code: 0, lines: ['deploy'] });
    expect(
      await run(session, ['sh', '-c', '"id -un; cat"'], { asRoot: true, stdin: Buffer.from('x') }),
    ).toEqual({
      code: 0,
      lines: ['root', 'x'],
    });
    {
      await using _lock = await lockHost(session, { rollout: 'r1', beatMs: 500 }, web.options());
      await activateHost(session, web.request(), web.options());
      const { stdout } = await web.host.exec('cat /proc/*/cmdline /run/proteus/r1/* | tr "\\0" " "');
      expect(stdout).not.toContain('sesame');
    }
    await keepHost(session, web.request(), web.options());
    expect((await web.stands()).current).toBe(web.fresh);
    expect(asked).toBe(1);
  });

  it('is told that its password is wrong, or that there is none', async () => {
    await setSudoPassword(web.host, 'deploy', 'open sesame');
    await using wrong = await web.openSession({ target: deploy, password: async () => 'guess' });
    await expect(run(wrong, ['cat'], { asRoot: true, stdin: Buffer.from('secret\n') })).rejects.toMatchObject(
      {
        code: 'deploy.sudo-failed',
        message: expect.stringMatching(/^web01: sudo did not let deploy .*Sorry, try again/s),
      },
    );
    await using none = await web.openSession({ target: deploy });
    await expect(run(none, ['true'], { asRoot: true })).rejects.toMatchObject({
      code: 'deploy.sudo-failed',
      message: expect.stringContaining('a password is required'),
    });
  });

  it.each([
    ['requiretty', ['sudo: sorry, you must have a tty to run sudo']],
    // It is tried once, however often it is wanted: else its owner might be locked out.
    [
      'lecture=always',
      ['Sorry, try again.', 'sudo: no password was provided', 'sudo: 1 incorrect password attempt'],
    ],
  ])('is told why sudo refuses where its settings are %s', async (settings, words) => {
    await web.host.exec('rm -f /var/log/sudo.log');
    await setSudoPassword(web.host, 'deploy', 'open sesame', settings);
    await using session = await web.openSession({ target: deploy, password: async () => 'guess' });
    const heard: string[] = [];
    for (const _ of [1, 2]) {
      await expect(
        run(session, ['true'], { asRoot: true, onLine: (line: string) => heard.push(line) }),
      ).rejects.toMatchObject({
        code: 'deploy.sudo-failed',
        message: `web01: sudo did not let deploy do what only root may: ${words.join('\n')}`,
      });
    }
    expect(heard).toEqual([]);
    const { stdout: tries } = await web.host.exec(
      'grep -o "[0-9]* incorrect password attempt" /var/log/sudo.log || :',
    );
    expect(tries).toBe(settings === 'requiretty' ? '' : '1 incorrect password attempt\n');
  });

  it('is told that sudo knows nothing of it', async () => {
    await setSudoPassword(web.host, 'deploy', 'open sesame');
    await web.host.exec('rm /etc/sudoers.d/deploy');
    await using session = await web.openSession({ target: deploy, password: async () => 'open sesame' });
    await expect(run(session, ['true'], { asRoot: true })).rejects.toMatchObject({
      code: 'deploy.sudo-failed',
      message: expect.stringContaining('deploy is not in the sudoers file'),
    });
  });

  it('hears of what it runs only, not of what sudo tells everybody', async () => {
    await setSudoPassword(web.host, 'deploy', 'open sesame', 'lecture=always');
    await using session = await web.openSession({ target: deploy, password: async () => 'open sesame' });
    expect(await run(session, ['cat'], { asRoot: true, stdin: Buffer.from('data\n') })).toEqual({
      code: 0,
      lines: ['data'],
    });
  });

  it('is asked for no password where sudo wants none', async () => {
    await setSudoPassword(web.host, 'deploy', undefined);
    const password = (): Promise<string> => Promise.reject(new Error('asked'));
    await using session = await web.openSession({ target: deploy, password });
    expect(await run(session, ['id', '-un'], { asRoot: true })).toEqual({ code: 0, lines: ['root'] });
  });
});
