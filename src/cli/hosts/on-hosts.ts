/**
 * Does something on the hosts of a network, so many at a time. What fails on one does not keep it from the others; the
 * exit code says whether it failed anywhere.
 */

import path from 'node:path';
import { type KnownHost, knownHost } from '../../deploy/known-host.ts';
import type { HostSession } from '../../deploy/session/host-session.ts';
import { openHostSession } from '../../deploy/session/open-host-session.ts';
import { loadNetwork } from '../../network/load-network.ts';
import { sshSettingsFromEnvironment } from '../../process/ssh.ts';
import { AppError } from '../../util/app-error.ts';
import { createLimiter } from '../../util/create-limiter.ts';
import { errorMessage } from '../../util/error-message.ts';
import type { CliContext } from '../context.ts';
import { selectFromNetwork } from '../select-from-network.ts';
import { sudoPassword } from '../sudo-password.ts';
import type { HostFlags } from './host-flags.ts';

export interface HostWork {
  /** In Morph's words, for hosts that are only built: `Exec is disabled for build-only host`. */
  readonly buildOnly: string;
  /** Throws what went wrong. What comes back is wrong, too, although the work was done. */
  readonly run: (host: KnownHost, tools: HostTools) => Promise<readonly string[]>;
}

export interface HostTools {
  /** Opened when it is first asked for, and closed when the host is done. */
  readonly session: () => Promise<HostSession>;
  readonly signal: AbortSignal;
}

type Result = 'done' | 'failed' | 'degraded' | 'skipped';

const usuallyAtOnce = 10;

/** 0 when it was done on all hosts and nothing is wrong, else 1. Throws `interrupted`, and what is wrong with the network. */
export async function onHosts(
  context: CliContext,
  file: string,
  flags: HostFlags,
  work: HostWork,
): Promise<number> {
  const { signal, env, emit } = context;
  const network = await loadNetwork(file, { signal, showTrace: flags.showTrace, env });
  const { selected, broken } = selectFromNetwork(context, network, flags);
  const ssh = sshSettingsFromEnvironment(env);
  const base = path.dirname(path.resolve(context.cwd, file));
  // All addresses are looked at before anything is done.
  const hosts = selected.map((host) => knownHost(host, { defaultUser: ssh.user, base }));
  const ask = sudoPassword(flags, context);
  const password = flags.passwd || flags.passcmd ? () => ask(signal) : undefined;
  const limit = createLimiter(flags.parallel ?? usuallyAtOnce);

  const workOn = async (host: KnownHost): Promise<readonly [Result, string]> => {
    if (host.buildOnly) {
      const reason = `${work.buildOnly}: ${host.name}`;
      emit({ type: 'host.skipped', host: host.name, reason });
      return ['skipped', reason];
    }
    if (signal.aborted) return ['skipped', 'interrupted before'];
    let opening: Promise<HostSession> | undefined;
    const session = (): Promise<HostSession> => {
      opening ??= openHostSession(host, { ssh, signal, password });
      // The next one to ask may have more luck.
      opening.catch(() => {
        opening = undefined;
      });
      return opening;
    };
    try {
      const troubles = await work.run(host, { session, signal });
      for (const text of troubles) emit({ type: 'message', level: 'warning', text: `${host.name}: ${text}` });
      return troubles.length === 0 ? ['done', ''] : ['degraded', troubles.join('; ')];
    } catch (error) {
      const message = errorMessage(error);
      if (!signal.aborted) emit({ type: 'message', level: 'error', text: withName(host.name, message) });
      return ['failed', message];
    } finally {
      await closed(opening);
    }
  };

  const results = await Promise.all(
    hosts.map(async (host) => [host.name, await limit(() => workOn(host))] as const),
  );
  if (signal.aborted) throw new AppError('interrupted', 'interrupted');
  if (context.json) {
    const told = results.map(([host, [result, message]]) => ({ host, result, message }));
    context.stdout.write(`${JSON.stringify({ type: 'result', hosts: told, broken })}\n`);
  }
  const wrong = results.some(([, [result]]) => result === 'failed' || result === 'degraded');
  return wrong || broken.length > 0 ? 1 : 0;
}

/** Most messages begin with the name of the host. */
function withName(name: string, message: string): string {
  return message.startsWith(`${name}: `) ? message : `${name}: ${message}`;
}

/** A connection that cannot be closed changes nothing about what was done. */
async function closed(opening: Promise<HostSession> | undefined): Promise<void> {
  try {
    await (await opening)?.[Symbol.asyncDispose]();
  } catch {}
}
