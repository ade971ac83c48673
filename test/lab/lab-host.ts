/**
 * One host of the lab: a process tree in its own mount, pid, network, hostname and ipc namespaces, with its own Nix
 * store, /etc, /root, /run, /var and /tmp in memory, an sshd on port 22, and a cable to us. The programs are those of
 * this machine, read-only. When its first process ends, however that comes about, the kernel removes all of it.
 *
 * What starts and ends its programs is a shell, or a real systemd, which sees only its own processes, units and cgroups.
 */

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ProcessResult, type RunOptions, runProcess } from '../../src/process/run-process.ts';
import type { SshSettings, SshTarget } from '../../src/process/ssh.ts';
import { type Argv, type RunningProcess, startProcess } from '../../src/process/start-process.ts';
import { createLink, type LabLink, removeLink } from './lab-network.ts';

type NixConf = Readonly<Record<string, string>>;

/** What the stand-in system's switch-to-configuration does on a host; undefined is all well. */
type Behaviour = 'fail' | `fail ${number}` | 'hang' | 'cut-network' | 'slow' | 'chatty' | undefined;

/** One call of switch-to-configuration. */
interface SwitchRecord {
  readonly action: string;
  readonly toplevel: string;
  /** Seconds since 1970. */
  readonly time: number;
}

/** Where a host has the files of this repository. */
export const checkoutOnHost = '/run/checkout';

export interface LabHostOptions {
  /** Over the defaults of `defaultNixConf`. */
  readonly nixConf?: NixConf | undefined;
  /** Also start a nix-daemon on the host's socket. */
  readonly daemon?: boolean;
  /** What starts its programs. Default: `bash`, which is quicker. */
  readonly init?: 'bash' | 'systemd';
}

export interface LabHost extends AsyncDisposable {
  readonly name: string;
  readonly address: string;
  /** Our address as the host sees it, e.g. for a cache that it shall fetch from. */
  readonly controlAddress: string;
  /** How to reach it as root; nothing of the machine's own ssh configuration plays a part. */
  readonly ssh: { readonly target: SshTarget; readonly settings: SshSettings };
  /** `ssh-ed25519 AAAA… name`, as in its public key file. */
  readonly hostKey: string;
  readonly nixConf: NixConf;
  /** Where a file of the host is seen from here. */
  path(path: string): string;
  /** Runs a command on the host, not through ssh; a text is run by sh. */
  exec(command: Argv | string, options?: RunOptions): Promise<ProcessResult>;
  /** All calls of the stand-in's switch-to-configuration so far. */
  systemLog(): Promise<readonly SwitchRecord[]>;
  /** `toplevel`: of that system only. */
  setBehaviour(behaviour: Behaviour, toplevel?: string): Promise<void>;
  /** Replaces single settings of its nix.conf; connections made afterwards see them. */
  setNixConf(settings: NixConf): Promise<void>;
  /** Unplugs the cable; no packet comes through in either direction. */
  cutNetwork(): Promise<void>;
  /** Undoes `cutNetwork`, and what `cut-network` did on the host. */
  restoreNetwork(): Promise<void>;
  /** Ends sshd and all its sessions. */
  killSshd(): Promise<void>;
  startSshd(): Promise<void>;
  /** Ends everything on the host and removes it. */
  stop(): Promise<void>;
}

const defaultNixConf: NixConf = {
  'build-users-group': '',
  sandbox: 'true',
  'sandbox-paths': '/bin/sh=/bin/busybox',
  substituters: '',
  'require-sigs': 'false',
  'fsync-metadata': 'false',
  'experimental-features': 'nix-command',
};

const hostEnvironment = {
  HOME: '/root',
  USER: 'root',
  LANG: 'C.UTF-8',
  PATH: '/run/wrappers/bin:/run/current-system/sw/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
};

const namespaces = ['--mount', '--pid', '--net', '--uts', '--ipc'];
const newNamespaces: Argv = [
  'unshare',
  ...namespaces,
  '--fork',
  '--kill-child=KILL',
  '--mount-proc',
  '--propagation=private',
  '--',
];

/** What a lab gives to each of its hosts. */
export interface LabFiles {
  readonly dir: string;
  readonly identityFile: string;
  readonly configFile: string;
  /** Told once the host begins to stop. */
  readonly onStop?: () => void;
}

/** Starts a host; returns when its sshd (and nix-daemon) answers. */
export async function startLabHost(
  name: string,
  lab: LabFiles,
  options: LabHostOptions = {},
): Promise<LabHost> {
  let nixConf: NixConf = { ...defaultNixConf, ...options.nixConf };
  const files = join(lab.dir, name);
  await mkdir(files);
  await runProcess([
    'ssh-keygen',
    '-q',
    '-t',
    'ed25519',
    '-N',
    '',
    '-C',
    name,
    '-f',
    join(files, 'host-key'),
  ]);
  const hostKey = (await readFile(join(files, 'host-key.pub'), 'utf8')).trim();
  await writeFile(join(files, 'authorized-keys'), await readFile(`${lab.identityFile}.pub`));
  await writeFile(join(files, 'nix.conf'), printNixConf(nixConf));

  const hasSystemd = options.init === 'systemd';
  let link: LabLink | undefined;
  let world: RunningProcess | undefined;
  let gone = false;
  const stop = async (): Promise<void> => {
    lab.onStop?.();
    // Before its namespace goes: afterwards the name may be another lab's.
    if (link !== undefined && !gone) await removeLink(link);
    await world?.kill();
    // The kernel keeps them, alone of all that a host has.
    if (hasSystemd) await runProcess([join(import.meta.dirname, 'sweep-cgroups')]);
    await rm(files, { recursive: true, force: true });
  };
  try {
    world = await startProcess(
      [
        ...newNamespaces,
        'bash',
        join(import.meta.dirname, 'host-init'),
        name,
        files,
        options.daemon === true ? '1' : '0',
        options.init ?? 'bash',
      ],
      { env: hostEnvironment },
    );
    void world.exited.then(() => {
      gone = true;
    });
    const complaints = collect(world.stderr);
    const lines = createInterface({ input: world.stdout })[Symbol.asyncIterator]();
    const expectLine = async (wanted: string): Promise<void> => {
      const { value, done } = await lines.next();
      if (done !== true && value === wanted) return;
      throw new Error(`lab: host ${name} did not start (waited for "${wanted}"):\n${complaints.text()}`);
    };
    await expectLine('made');
    const pid = await firstProcess(world.pid);
    const cable = await createLink(pid);
    link = cable;
    world.stdin.write(`${cable.hostAddress} ${cable.controlAddress}\n`);
    await expectLine('ready');

    const root = `/proc/${pid}/root`;
    const path = (hostPath: string): string => root + hostPath;
    const outside: Argv = ['nsenter', `--target=${pid}`, ...namespaces, '--wdns=/', '--'];
    const enter: Argv = hasSystemd ? [...outside, `${checkoutOnHost}/test/lab/host-enter`] : outside;
    const exec = (command: Argv | string, runOptions: RunOptions = {}): Promise<ProcessResult> =>
      runProcess([...enter, ...(typeof command === 'string' ? ['sh', '-c', command] : command)], {
        env: hostEnvironment,
        ...runOptions,
      });
    return {
      name,
      address: cable.hostAddress,
      controlAddress: cable.controlAddress,
      ssh: {
        target: { host: cable.hostAddress, user: 'root' },
        settings: { identityFile: lab.identityFile, configFile: lab.configFile },
      },
      hostKey,
      get nixConf() {
        return nixConf;
      },
      path,
      exec,
      async systemLog() {
        const text = await readFile(path('/var/log/switch.log'), 'utf8').catch(() => '');
        const lines = text.split('\n').filter((line) => line !== '');
        return lines.map((line) => JSON.parse(line) as SwitchRecord); // our own script wrote it
      },
      async setBehaviour(behaviour, toplevel = '') {
        const file = path('/etc/lab-behaviour');
        if (behaviour === undefined) await rm(file, { force: true });
        else await writeFile(file, `${behaviour}\n${toplevel}\n`);
      },
      async setNixConf(settings) {
        nixConf = { ...nixConf, ...settings };
        await writeFile(path('/etc/nix/nix.conf'), printNixConf(nixConf));
      },
      async cutNetwork() {
        await runProcess(['ip', 'link', 'set', cable.name, 'down']);
      },
      async restoreNetwork() {
        await exec(['ip', 'link', 'set', 'eth0', 'up']);
        await runProcess(['ip', 'link', 'set', cable.name, 'up']);
      },
      async killSshd() {
        if (hasSystemd) {
          await exec('systemctl kill --signal=KILL sshd; systemctl stop sshd; systemctl reset-failed sshd');
          return;
        }
        // The host has processes of its own only; newer sshd runs sessions as sshd-session.
        await exec('pkill -KILL sshd; rm -f /run/sshd.pid; while pgrep sshd >/dev/null; do sleep 0.01; done');
      },
      async startSshd() {
        if (hasSystemd) {
          await exec(['systemctl', 'start', 'sshd']);
          return;
        }
        await exec(
          '/usr/sbin/sshd -f /etc/ssh/sshd_config -E /var/log/sshd.log; until [ -e /run/sshd.pid ]; do sleep 0.01; done',
        );
      },
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function printNixConf(conf: NixConf): string {
  return Object.entries(conf)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('');
}

/** The process that unshare forked: number 1 of the new pid namespace. */
async function firstProcess(unsharePid: number): Promise<number> {
  const children = await readFile(`/proc/${unsharePid}/task/${unsharePid}/children`, 'utf8');
  return Number.parseInt(children, 10);
}

function collect(stream: AsyncIterable<Buffer>): { text(): string } {
  let all = '';
  void (async () => {
    for await (const chunk of stream) all = (all + chunk.toString()).slice(-4000);
  })().catch(() => {});
  return { text: () => all };
}
