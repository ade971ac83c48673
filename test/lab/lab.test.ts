import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import { sshArgv } from '../../src/process/ssh.ts';
import { startProcess } from '../../src/process/start-process.ts';
import { createLab, type Lab } from './lab.ts';
import type { LabHost } from './lab-host.ts';

/** All that a lab could leave behind. Kernel threads and ourselves come and go; they are not told apart by name. */
async function traces() {
  const { stdout: links } = await runProcess(['ip', '-oneline', 'link']);
  const { stdout: processes } = await runProcess(['ps', '-e', '-o', 'args=']);
  return {
    links: [...links.matchAll(/^\d+: ([^:@]+)/gm)].map((match) => match[1] ?? '').sort(),
    processes: processes
      .split('\n')
      .filter((line) => /sshd|host-init|nix-daemon|lab-init/.test(line))
      .sort(),
    mounts: await readFile('/proc/self/mounts', 'utf8'),
    files: (await readdir('/nix/var')).sort(),
    namespaces: (await runProcess(['ip', 'netns', 'list'])).stdout,
  };
}

const ssh = (host: LabHost, ...words: string[]) =>
  runProcess(sshArgv(host.ssh.target, { ...host.ssh.settings, extraArgs: ['-o', 'BatchMode=yes'] }, words), {
    timeoutMs: 20_000,
  });

describe('createLab', () => {
  let lab: Lab;
  let web: LabHost;
  let db: LabHost;
  let before: Awaited<ReturnType<typeof traces>>;

  beforeAll(async () => {
    before = await traces();
    lab = await createLab({ defaults: { nixConf: { 'max-jobs': '3' } } });
    [web, db] = await Promise.all([
      lab.addHost('web01', { nixConf: { 'extra-platforms': 'aarch64-linux' } }),
      lab.addHost('db01', { daemon: true }),
    ]);
  });
  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
  });

  it('lets us reach each host by ssh, by its address and by its name', async () => {
    expect((await ssh(web, 'cat', '/proc/sys/kernel/hostname')).stdout).toBe('web01\n');
    expect((await ssh(db, 'cat', '/proc/sys/kernel/hostname')).stdout).toBe('db01\n');
    const byName = await runProcess(['ssh', '-F', lab.sshConfigFile(), 'db01', 'id -un; cat /etc/hosts']);
    expect(byName.stdout).toBe(
      `root\n127.0.0.1 localhost\n${db.address} db01\n${db.controlAddress} control\n`,
    );
  });

  it('refuses a host whose key is another than the one we know', async () => {
    const wrong = web.hostKey.replace(/AAAA\S+/, db.hostKey.split(' ')[1]!);
    const file = '/nix/var/wrong-known-hosts';
    await runProcess(['tee', file], { input: `${web.address} ${wrong}\n` });
    const settings = { ...web.ssh.settings, extraArgs: ['-o', `UserKnownHostsFile=${file}`] };
    await expect(runProcess(sshArgv(web.ssh.target, settings, ['true']))).rejects.toThrow(
      'Host key verification failed',
    );
    await runProcess(['rm', file]);
  });

  it('lets each host reach us', async () => {
    const server = createServer((socket) => socket.end('from control\n'));
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    const { port } = server.address() as { port: number }; // a TCP server's address
    for (const host of [web, db]) {
      const { stdout } = await host.exec(['bash', '-c', `cat < /dev/tcp/${host.controlAddress}/${port}`]);
      expect(stdout).toBe('from control\n');
    }
    server.close();
  });

  it('gives each host a store, an /etc and a root of its own', async () => {
    const add = (host: LabHost, text: string) =>
      host.exec(`echo '${text}' > /tmp/text && nix-store --add /tmp/text`);
    const path = (await add(web, 'only on web01')).stdout.trim();
    expect(path).toMatch(/^\/nix\/store\/.*-text$/);
    expect(await readFile(web.path(path), 'utf8')).toBe('only on web01\n');
    await expect(db.exec(['nix-store', '--check-validity', path])).rejects.toThrow('is not valid');
    await expect(runProcess(['nix-store', '--check-validity', path])).rejects.toThrow('is not valid');
    await expect(web.exec(['touch', '/usr/bin/x'])).rejects.toThrow('Read-only file system');
    expect((await db.exec('ls -A /tmp /root')).stdout).toBe('/root:\n.ssh\n\n/tmp:\n');
  });

  it('applies the nix.conf of the lab, then of the host', async () => {
    const shown = (host: LabHost) => host.exec(['nix', 'show-config']).then((result) => result.stdout);
    expect(await shown(web)).toMatch(/^extra-platforms = .*aarch64-linux/m);
    expect(await shown(web)).toMatch(/^max-jobs = 3$/m);
    expect(await shown(web)).toMatch(/^substituters = *$/m);
    expect(await shown(db)).not.toMatch(/^extra-platforms = .*aarch64-linux/m);
    await db.setNixConf({ 'require-sigs': 'true', 'trusted-public-keys': 'lab-1:AAAA' });
    expect(db.nixConf['max-jobs']).toBe('3');
    expect(await shown(db)).toMatch(/^trusted-public-keys = lab-1:AAAA$/m);
    await db.setNixConf({ 'require-sigs': 'false' });
  });

  it('speaks the worker protocol over ssh and over the socket of a host with a daemon', async () => {
    const stdio = await startProcess(sshArgv(web.ssh.target, web.ssh.settings, ['nix-daemon', '--stdio']));
    // Each side begins with a magic number in 8 bytes, little-endian: we with 0x6e697863, the daemon with 0x6478696f.
    stdio.stdin.write(Buffer.from('6378696e00000000', 'hex'));
    const first = await new Promise<Buffer>((resolve) => stdio.stdout.once('data', resolve));
    expect(first.subarray(0, 8).toString('hex')).toBe('6f69786400000000');
    await stdio.kill();
    const ping = ['env', 'NIX_REMOTE=daemon', 'nix', 'store', 'ping'] as const;
    await db.exec(ping);
    await expect(web.exec(ping)).rejects.toThrow('cannot connect');
  });

  it('builds in the sandbox on a host', async () => {
    const expression =
      'derivation { name = "x"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "ls / > $out" ]; }';
    const { stdout } = await web.exec(['nix-build', '--no-out-link', '-E', expression]);
    expect(await readFile(web.path(stdout.trim()), 'utf8')).not.toContain('root');
  });

  it('cuts a host off and plugs it in again', async () => {
    await web.cutNetwork();
    const settings = { ...web.ssh.settings, extraArgs: ['-o', 'ConnectTimeout=1'] };
    await expect(runProcess(sshArgv(web.ssh.target, settings, ['true']))).rejects.toThrow('exit code 255');
    await web.restoreNetwork();
    await ssh(web, 'true');
    await web.exec(['ip', 'link', 'set', 'eth0', 'down']);
    await expect(runProcess(sshArgv(web.ssh.target, settings, ['true']))).rejects.toThrow('exit code 255');
    await web.restoreNetwork();
    await ssh(web, 'true');
  });

  it('ends sshd with its sessions and starts it again', async () => {
    const session = await startProcess(sshArgv(web.ssh.target, web.ssh.settings, ['echo in; sleep 1000']));
    await new Promise((resolve) => session.stdout.once('data', resolve));
    await web.killSshd();
    expect(await session.exited).toEqual({ code: 255, signal: null });
    await expect(ssh(web, 'true')).rejects.toThrow('Connection refused');
    await web.startSshd();
    await ssh(web, 'true');
  });

  it('removes a host that is stopped, and only that', async () => {
    const third = await lab.addHost('third');
    const link = (await traces()).links.length;
    await third.stop();
    await third.stop();
    expect((await traces()).links).toHaveLength(link - 1);
    expect([...lab.hosts.keys()].sort()).toEqual(['db01', 'web01']);
    await ssh(web, 'true');
  });

  it('says why a host does not start', async () => {
    await expect(lab.addHost('web01')).rejects.toThrow('EEXIST');
    await ssh(web, 'true');
  });

  it('leaves nothing behind when it is disposed of', async () => {
    await lab[Symbol.asyncDispose]();
    expect(await traces()).toEqual(before);
    await expect(lab.addHost('late')).rejects.toThrow('a lab that was stopped (late)');
  });

  it('leaves nothing behind when its owner is killed, on the network of the machine', async () => {
    const root = join(import.meta.dirname, '../..');
    const owner = await startProcess(
      [
        `${root}/scripts/in-lab`,
        '--host-network',
        process.execPath,
        '--input-type=module',
        '--eval',
        `import { createLab } from '${root}/test/lab/lab.ts';
         const lab = await createLab();
         await Promise.all([lab.addHost('a'), lab.addHost('b')]);
         console.log('up');
         setInterval(() => {}, 1000);`,
      ],
      { stderr: 'inherit' },
    );
    await new Promise((resolve) => owner.stdout.once('data', resolve));
    const during = await traces();
    expect(during.links.length).toBe(before.links.length + 2);
    expect(during.processes.length).toBeGreaterThan(before.processes.length);
    process.kill(owner.pid, 'SIGKILL');
    await owner.exited;
    // The kernel takes namespaces apart in the background.
    for (let tries = 0; tries < 100; tries++) {
      if ((await traces()).links.length === before.links.length) break;
      await sleep(50);
    }
    expect(await traces()).toEqual(before);
  });
});
