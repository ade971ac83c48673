/**
 * Any number of commands on another machine over one login, connections to its daemon among them. An ssh, the master, logs
 * in and runs nothing; what runs over there goes through its control socket (`multiplex/`) and costs no process here. sshd
 * allows ten sessions for a login unless told otherwise, so an eleventh makes another master, as does what a server with
 * fewer refuses.
 *
 * A master is one of: absent, opening, open, gone (it has ended, because the other side is gone or we close). One that is
 * gone takes its commands with it, and the next one opens another.
 *
 * A connection that is broken off must end what its daemon does. With a login of its own the end of the session tells
 * the other side; here the login lives on, and a daemon that waits for a build can miss the end of its input. So each
 * tells its process number first, and is asked to end by it.
 */

import { type Multiplexer, openMultiplexer } from '../process/multiplex/open-multiplexer.ts';
import type { RunningCommand } from '../process/running-command.ts';
import { AppError } from '../util/app-error.ts';
import { pause } from '../util/pause.ts';
import { unlessAborted } from '../util/unless-aborted.ts';
import { overStdio } from './connect-stdio.ts';
import { daemonCommand, packedCommand, type TransportOptions } from './open-transport.ts';
import { openMaster, type SshMaster } from './ssh-master.ts';
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
  /** Runs words, which the login shell over there reads again. The signal ends the waiting. Throws what `connect` throws. */
  run(words: readonly string[], signal: AbortSignal | undefined): Promise<RunningCommand>;
  /** Breaks off all that goes over the login, which may hang: what comes next logs in anew. */
  reset(): Promise<void>;
}

interface Login {
  readonly multiplexer: Multiplexer;
  readonly master: SshMaster;
  sessions: number;
  /** How many it lets begin, as far as we know. */
  most: number;
  gone: boolean;
}

/** What sshd allows by default (MaxSessions). */
const sessionsPerLogin = 10;
/** How many logins may break off one after the other before a command runs. */
const mostLost = 3;
/** How long a daemon is given to end over there, before it is left to find out by itself. */
const endTimeoutMs = 10_000;

export function createSharedLogin(spec: SshSpec, env: TransportOptions['env']): SharedLogin {
  const logins = new Set<Promise<Login>>();
  const open = new Set<Login>();
  const ending = new Set<Promise<unknown>>();
  const closing = new AbortController();
  const name = storeName(spec);

  const logIn = async (signal: AbortSignal): Promise<Login> => {
    const master = await openMaster(spec, env, signal);
    try {
      const opening = openMultiplexer(master.socket, master.lastWords);
      const multiplexer = await unlessAborted(opening, signal, `reaching ${name}`);
      const login: Login = { multiplexer, master, sessions: 0, most: sessionsPerLogin, gone: false };
      open.add(login);
      void master.ended.then(() => {
        login.gone = true;
        open.delete(login);
        multiplexer.close();
      });
      return login;
    } catch (error) {
      await master.end();
      throw error;
    }
  };

  /** A login with room for one more session, which is counted. */
  const take = async (signal: AbortSignal | undefined): Promise<Login> => {
    for (const opening of logins) {
      // Somebody else's that fails, or is given up, says nothing about ours.
      const login = await opening.catch(() => undefined);
      if (login === undefined || login.gone || login.sessions >= login.most) continue;
      login.sessions += 1;
      return login;
    }
    const opening = logIn(signal === undefined ? closing.signal : AbortSignal.any([closing.signal, signal]));
    logins.add(opening);
    void opening.then(
      (login) => login.master.ended.then(() => logins.delete(opening)),
      () => logins.delete(opening),
    );
    const login = await opening;
    login.sessions += 1;
    return login;
  };

  const start = async (
    words: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<{ readonly login: Login; readonly command: RunningCommand }> => {
    for (let lost = 0; ; ) {
      const login = await take(signal);
      const free = (): void => {
        login.sessions -= 1;
      };
      const starting = login.multiplexer.exec(words.join(' '), free);
      try {
        const command = await (signal === undefined
          ? starting
          : unlessAborted(starting, signal, `reaching ${name}`));
        if (command === 'gone') login.gone = true;
        else if (command !== 'refused') return { login, command };
      } catch (error) {
        void starting.then(async (command) => {
          if (typeof command === 'object') await command.kill();
        });
        throw error;
      }
      if (login.gone && ++lost < mostLost) continue;
      if (login.gone || login.sessions === 0) {
        const why = login.gone ? await login.master.lastWords() : '';
        throw new AppError(
          'store.unreachable',
          `${name}: it lets us in, but no session begin. ${why}`.trim(),
          { hint: 'Look at MaxSessions and the log of its sshd: a login must be able to run commands.' },
        );
      }
      login.most = login.sessions;
    }
  };

  const endThere = (login: Login, said: string): void => {
    const words = endAnnounced(said);
    if (words === undefined || login.gone || closing.signal.aborted) return;
    const end = start(words, closing.signal)
      .then(({ command }) => Promise.race([command.exited, pause(endTimeoutMs, closing.signal)]))
      .catch(() => {});
    ending.add(end);
    void end.then(() => ending.delete(end));
  };

  return {
    async connect(signal, packed = false) {
      const words = packed ? packedCommand(spec) : daemonCommand(spec, { announce: true });
      const { login, command } = await start(words, signal);
      const transport = overStdio(command);
      let isOver = false;
      return {
        ...transport,
        diagnostics: async () => (await transport.diagnostics()).replace(announced, '').trim(),
        close: () => {
          isOver = true;
          return transport.close();
        },
        destroy: async () => {
          const isFirst = !isOver;
          isOver = true;
          await transport.destroy();
          if (isFirst) endThere(login, await transport.diagnostics());
        },
      };
    },
    run: async (words, signal) => (await start(words, signal)).command,
    async reset() {
      const all = [...open];
      for (const login of all) login.gone = true;
      await Promise.all(all.map((login) => login.master.end()));
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await Promise.allSettled([...logins].map(async (opening) => (await opening).master.end()));
      await Promise.all(ending);
    },
  };
}
