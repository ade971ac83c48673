/** Real Nix in the lab: derivations, a listening daemon, a second store. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Derivation } from '../../src/nix/derivation.ts';
import { parseDerivation } from '../../src/nix/parse-derivation.ts';
import { parseStorePath, type StorePath } from '../../src/nix/store-path.ts';
import type { StoreSpec } from '../../src/store/store-spec.ts';

if (process.env.PROTEUS_LAB === undefined) throw new Error('run this with scripts/in-lab');

export const socketPath = '/nix/var/nix/daemon-socket/socket';

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

let count = 0;

/** A Nix expression for a derivation that runs `script` in busybox; another one every time unless named. */
export function derivation(script: string, attributes = '', name = `t${process.pid}-${++count}`): string {
  return `derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh";
    args = [ "-c" ''export PATH=/bin; alias sleep="busybox sleep"; ${script}'' ]; ${attributes} }`;
}

export function instantiate(expression: string): { readonly drvPath: StorePath; readonly drv: Derivation } {
  const drvPath = parseStorePath(run('nix-instantiate', '-E', expression));
  return { drvPath, drv: parseDerivation(readFileSync(drvPath), drvPath) };
}

export function build(expression: string): StorePath {
  return parseStorePath(run('nix-build', '--no-out-link', '-E', expression));
}

/** Adds a file or folder as it is. */
export function addPath(path: string): StorePath {
  return parseStorePath(run('nix-store', '--add', path));
}

/** Adds one file under the hash of its bytes alone. */
export function addFlat(path: string): StorePath {
  return parseStorePath(run('nix-store', '--add-fixed', 'sha256', path));
}

export function tempDir(): string {
  return mkdtempSync('/nix/var/test-');
}

/** Processes whose command line has this text. */
export function processesWith(text: string): string[] {
  return run('ps', '-eo', 'pid,args')
    .split('\n')
    .filter((line) => line.includes(text) && !line.includes('ps -eo'));
}

/** Waits until it holds; fails after a while. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (holds()) return;
    await delay(25);
  }
  throw new Error(`it never came to this: ${what}`);
}

/** A daemon on its socket, as on a machine where Nix is installed for many users. */
export async function startDaemon(): Promise<AsyncDisposable & { readonly pid: number }> {
  const child: ChildProcess = spawn('nix-daemon', [], {
    stdio: 'ignore',
    env: { ...process.env, NIX_REMOTE: '' },
  });
  const answers = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(socketPath);
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
  for (let i = 0; !(await answers()); i++) {
    if (i > 400) throw new Error('nix-daemon does not listen');
    await delay(25);
  }
  return {
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
      // A process that it forked for a connection holds the listening socket too, for as long as it lives.
      for (let i = 0; i < 400 && (await answers()); i++) await delay(25);
    },
  };
}

/** A store with a root of its own. */
export function otherStore(): { readonly spec: StoreSpec; readonly root: string } {
  const root = tempDir();
  return {
    root,
    spec: {
      type: 'command',
      name: 'the other store',
      argv: ['nix-daemon', '--stdio', '--store', `local?root=${root}`],
    },
  };
}

/** True when the path is on disk below the root. */
export function onDisk(root: string, path: StorePath): boolean {
  return existsSync(`${root}${path}`);
}
