/**
 * An OpenSSH master: logs in, runs nothing, and listens on a control socket in a folder of its own. The socket is there
 * once the login is done, which is how we know. The folder goes when the master does.
 */

import { existsSync, watch } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sshArgv } from '../process/ssh.ts';
import { type RunningProcess, startProcess } from '../process/start-process.ts';
import { AppError } from '../util/app-error.ts';
import { sshOptions, type TransportOptions } from './open-transport.ts';
import { makeSocketFolder, removeDeadSocketFolders } from './socket-folder.ts';
import { type StoreSpec, storeName } from './store-spec.ts';

export interface SshMaster {
  readonly socket: string;
  /** Settles when it is gone, by whatever cause. */
  readonly ended: Promise<void>;
  /** What it said last, of the end of the connection above all. Waits until it is gone, but not for long. */
  readonly lastWords: () => Promise<string>;
  end(): Promise<void>;
}

const keptBytes = 8192;
const keptLines = 20;
/** How long one that has hung up may take to end. */
const lastWordsMs = 1000;

/** Throws `store.unreachable` with what ssh says, `process.missing` or `interrupted`. */
export async function openMaster(
  spec: Extract<StoreSpec, { type: 'ssh' }>,
  env: TransportOptions['env'],
  signal: AbortSignal,
): Promise<SshMaster> {
  await removeDeadSocketFolders(tmpdir());
  const folder = await makeSocketFolder(tmpdir());
  const socket = join(folder, 's');
  const options = ['ControlMaster=yes', `ControlPath=${socket}`, 'ControlPersist=no'];
  const extraArgs = [
    '-N',
    ...options.flatMap((option) => ['-o', option]),
    ...(spec.settings.extraArgs ?? []),
    ...sshOptions,
  ];
  try {
    if (signal.aborted) throw new AppError('interrupted', `interrupted: reaching ${storeName(spec)}`);
    const master = await startProcess(sshArgv(spec.target, { ...spec.settings, extraArgs }, []), {
      ...(env !== undefined && { env }),
    });
    const lastWords = keepLastWords(master);
    await untilReady(master, { socket, folder, signal, name: storeName(spec), lastWords });
    return {
      socket,
      ended: master.exited.then(() => rm(folder, { recursive: true, force: true })),
      lastWords,
      end: () => master.kill(),
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function keepLastWords(master: RunningProcess): () => Promise<string> {
  let said = '';
  master.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-keptBytes);
  });
  return async () => {
    const timer = Promise.withResolvers<void>();
    const timeout = setTimeout(timer.resolve, lastWordsMs);
    await Promise.race([master.exited, timer.promise]);
    clearTimeout(timeout);
    return said.trim().split('\n').slice(-keptLines).join('\n');
  };
}

interface Readiness {
  readonly socket: string;
  readonly folder: string;
  readonly signal: AbortSignal;
  /** For messages. */
  readonly name: string;
  readonly lastWords: () => Promise<string>;
}

/** Kills the master unless it is ready. */
async function untilReady(
  master: RunningProcess,
  { socket, folder, signal, name, lastWords }: Readiness,
): Promise<void> {
  const onAbort = (): void => void master.kill();
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const listening = Promise.withResolvers<true>();
  const look = (): void => {
    if (existsSync(socket)) listening.resolve(true);
  };
  const watcher = watch(folder, look);
  watcher.on('error', () => {});
  // It may have been there before it was watched.
  look();
  try {
    if ((await Promise.race([listening.promise, master.exited])) === true) return;
  } finally {
    watcher.close();
    signal.removeEventListener('abort', onAbort);
  }
  if (signal.aborted) throw new AppError('interrupted', `interrupted: reaching ${name}`);
  throw new AppError('store.unreachable', `${name}: ${(await lastWords()) || 'ssh ended without a word'}`);
}
