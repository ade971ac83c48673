/**
 * Any number of sessions on another machine over one login, connections to its daemon and commands alike: ssh's own
 * multiplexing. A first ssh, the master, logs in and runs nothing; each session is a further ssh that goes through the
 * master's socket, which takes a few milliseconds. sshd allows ten sessions for a login unless told otherwise, so an
 * eleventh makes another master; where a server allows fewer, ssh logs in anew by itself.
 *
 * The master is one of: absent, opening, open, gone (it has ended, because the other side is gone or we close). One
 * that is gone takes its connections with it, and the next connection opens another.
 *
 * A connection that is broken off must end what its daemon does. With a login of its own the end of the session tells
 * the other side; here the session lives on, and a daemon that waits for a build can miss the end of its input. So each
 * tells its process number first, and is asked to end by it.
 */

import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProcess } from '../process/run-process.ts';
import { type SshSettings, sshArgv } from '../process/ssh.ts';
import { type RunningProcess, startProcess } from '../process/start-process.ts';
import { AppError } from '../util/app-error.ts';
import { connectStdio } from './connect-stdio.ts';
import { packedStoreArgv, sshOptions, sshStoreArgv, type TransportOptions } from './open-transport.ts';
import { makeSocketFolder, removeDeadSocketFolders } from './socket-folder.ts';
import { type StoreSpec, storeName } from './store-spec.ts';
import type { Transport } from './transport.ts';
import { announced, endAnnounced } from './watched-command.ts';

type SshSpec = Extract<StoreSpec, { type: 'ssh' }>;

export interface SharedLogin extends AsyncDisposable {
  /**
   * A connection to the daemon; `packed`: for requests that go there packed. Throws `store.unreachable`,
   * `process.missing` or `interrupted`.
   */
  connect(signal: AbortSignal | undefined, packed?: boolean): Promise<Transport>;
  /** A place for a session of the caller's own. Throws what `connect` throws. */
  session(signal: AbortSignal | undefined): Promise<LoginSession>;
  /** Breaks off all that goes over the login, which may hang: what comes next logs in anew. */
  reset(): Promise<void>;
}

export interface LoginSession {
  /** With these an ssh goes through the login. */
  readonly settings: SshSettings;
  /** Once that ssh has ended; may be called again. */
  free(): void;
}

interface Master {
  readonly folder: string;
  readonly socket: string;
  readonly process: RunningProcess;
  sessions: number;
  gone: boolean;
}

/** What sshd allows by default (MaxSessions). */
const sessionsPerLogin = 10;
/** How long a daemon is given to end over there, before it is left to find out by itself. */
const endTimeoutMs = 10_000;

export function createSharedLogin(spec: SshSpec, env: TransportOptions['env']): SharedLogin {
  const masters = new Set<Promise<Master>>();
  const open = new Set<Master>();
  const ending = new Set<Promise<unknown>>();
  const closing = new AbortController();

  /** A master with room for one more session, which is counted. */
  const takeMaster = async (signal: AbortSignal | undefined): Promise<Master> => {
    for (const opening of masters) {
      // Somebody else's that fails, or is given up, says nothing about ours.
      const master = await opening.catch(() => undefined);
      if (master === undefined || master.gone || master.sessions >= sessionsPerLogin) continue;
      master.sessions += 1;
      return master;
    }
    const ended = signal === undefined ? closing.signal : AbortSignal.any([closing.signal, signal]);
    const opening = openMaster(spec, env, ended);
    masters.add(opening);
    void opening.then(
      (master) => {
        open.add(master);
        return master.process.exited.then(async () => {
          master.gone = true;
          open.delete(master);
          masters.delete(opening);
          await rm(master.folder, { recursive: true, force: true });
        });
      },
      () => masters.delete(opening),
    );
    const master = await opening;
    master.sessions += 1;
    return master;
  };

  const endThere = (master: Master, said: string): void => {
    const command = endAnnounced(said);
    if (command === undefined || master.gone || closing.signal.aborted) return;
    const end = runProcess(sshArgv(spec.target, settingsThrough(master.socket, spec), command), {
      ...(env !== undefined && { env }),
      timeoutMs: endTimeoutMs,
      signal: closing.signal,
    }).catch(() => {});
    ending.add(end);
    void end.then(() => ending.delete(end));
  };

  return {
    async connect(signal, packed = false) {
      const master = await takeMaster(signal);
      const shared = { ...spec, settings: settingsThrough(master.socket, spec) };
      const argv = packed ? packedStoreArgv(shared) : sshStoreArgv(shared, { announce: true });
      const free = (): void => {
        master.sessions -= 1;
      };
      const transport = await connectStdio(argv, { signal, env }).catch((error: unknown) => {
        free();
        throw error;
      });
      let isOver = false;
      const end = async (how: () => Promise<void>): Promise<void> => {
        if (isOver) return how();
        isOver = true;
        await how();
        free();
      };
      return {
        ...transport,
        diagnostics: async () => (await transport.diagnostics()).replace(announced, '').trim(),
        close: () => end(() => transport.close()),
        destroy: () =>
          end(async () => {
            await transport.destroy();
            endThere(master, await transport.diagnostics());
          }),
      };
    },
    async session(signal) {
      const master = await takeMaster(signal);
      let isOver = false;
      return {
        settings: settingsThrough(master.socket, spec),
        free: () => {
          if (!isOver) master.sessions -= 1;
          isOver = true;
        },
      };
    },
    async reset() {
      const all = [...open];
      for (const master of all) master.gone = true;
      await Promise.all(all.map((master) => master.process.kill()));
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await Promise.allSettled([...masters].map(async (opening) => (await opening).process.kill()));
      await Promise.all(ending);
    },
  };
}

/** Ours first: ssh takes the first value that it is given of an option. */
function settingsThrough(socket: string, { settings }: SshSpec): SshSettings {
  const extraArgs = ['-o', 'ControlMaster=no', '-o', `ControlPath=${socket}`, ...(settings.extraArgs ?? [])];
  return { ...settings, extraArgs };
}

async function openMaster(spec: SshSpec, env: TransportOptions['env'], signal: AbortSignal): Promise<Master> {
  await removeDeadSocketFolders(tmpdir());
  const folder = await makeSocketFolder(tmpdir());
  const socket = join(folder, 's');
  const options = [
    'ControlMaster=yes',
    `ControlPath=${socket}`,
    'ControlPersist=no',
    // Run once the login is done and the socket is there.
    'PermitLocalCommand=yes',
    'LocalCommand=echo ready',
  ].flatMap((option) => ['-o', option]);
  const extraArgs = ['-N', ...options, ...(spec.settings.extraArgs ?? []), ...sshOptions];
  try {
    if (signal.aborted) throw new AppError('interrupted', `interrupted: reaching ${storeName(spec)}`);
    const master = await startProcess(sshArgv(spec.target, { ...spec.settings, extraArgs }, []), {
      ...(env !== undefined && { env }),
    });
    await untilReady(master, storeName(spec), signal);
    return { folder, socket, process: master, sessions: 0, gone: false };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Kills the master unless it says that it is ready. */
async function untilReady(master: RunningProcess, name: string, signal: AbortSignal): Promise<void> {
  let said = '';
  master.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-8192);
  });
  const onAbort = (): void => void master.kill();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const ready = new Promise<true>((resolve) => master.stdout.once('data', () => resolve(true)));
    if ((await Promise.race([ready, master.exited])) === true) return;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  if (signal.aborted) throw new AppError('interrupted', `interrupted: reaching ${name}`);
  const why = said.trim().split('\n').slice(-20).join('\n');
  throw new AppError('store.unreachable', `${name}: ${why || 'ssh ended without a word'}`);
}
