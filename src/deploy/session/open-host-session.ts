/**
 * A session on a host: one login, over which its store is spoken to and commands are run, and logins of their own for
 * what shall show that the host can be reached now. How the host stands is asked when the session is opened, in one
 * round trip beside the greeting of its store.
 *
 * A login that breaks (sshd restarted, network gone, a reboot) is opened anew by whatever is asked next. Nothing is
 * ever done about a wrong host key but to say so.
 */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningCommand } from '../../process/running-command.ts';
import type { SshSettings } from '../../process/ssh.ts';
import { openStore } from '../../store/open-store.ts';
import { createSharedLogin, type SharedLogin } from '../../store/shared-login.ts';
import type { Store } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { checkSshTarget } from '../check-ssh-target.ts';
import type { PlannedHost } from '../deploy-plan.ts';
import { asRoot, type RootCommand } from './as-root.ts';
import type { HostFacts } from './host-facts.ts';
import type { HostSession, RunOnHostOptions } from './host-session.ts';
import { type AnsweredFacts, parseFacts } from './parse-facts.ts';
import { seeThrough } from './see-through.ts';
import { sshFailure } from './ssh-failure.ts';

export interface OpenHostSessionOptions {
  readonly ssh: SshSettings;
  readonly signal: AbortSignal;
  /** Of sudo; asked once, and only when sudo wants one. */
  readonly password?: (() => Promise<string>) | undefined;
}

const factsScript = readFileSync(join(import.meta.dirname, 'facts.sh'));
/** Logging in, however many packets that takes, and answering. */
const openTimeoutMs = 90_000;
const factsTimeoutMs = 60_000;
const sudoTimeoutMs = 60_000;
const mostFacts = 20_000;
const keptWords = 20;
/** What it says of a refusal; there may be a lecture before it. */
const wordsOfSudo = 3;

/** After the caller's own: ssh takes the first value that it is given of an option. */
const sshOptions = [
  '-T',
  '-x',
  '-a',
  ...[
    'BatchMode=yes',
    'ConnectTimeout=15',
    // A host whose firewall or address changes under us is missed within half a minute.
    'ServerAliveInterval=10',
    'ServerAliveCountMax=3',
  ].flatMap((option) => ['-o', option]),
];

/**
 * Throws `deploy.unreachable`, `deploy.host-key`, `deploy.host-answer`, `deploy.target-invalid`, `interrupted`,
 * `process.missing`, or what opening its store throws.
 */
export async function openHostSession(
  host: Pick<PlannedHost, 'name' | 'target'>,
  options: OpenHostSessionOptions,
): Promise<HostSession> {
  const { name, target } = host;
  checkSshTarget(name, target);
  const ssh = { ...options.ssh, extraArgs: [...(options.ssh.extraArgs ?? []), ...sshOptions] };
  const spec = { type: 'ssh', target, settings: ssh } as const;
  const login = createSharedLogin(spec, undefined);
  let password: Promise<string> | undefined;
  let tried: Promise<number> | undefined;
  let facts: HostFacts | undefined;
  let hasSudo = false;

  const start = async (
    through: SharedLogin,
    words: readonly string[],
    signal: AbortSignal,
  ): Promise<RunningCommand> => {
    try {
      return await through.run(words, signal);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'store.unreachable') throw error;
      throw sshFailure(
        facts === undefined ? 'deploy.unreachable' : 'deploy.connection-lost',
        name,
        'it cannot be reached',
        error.message,
      );
    }
  };

  /**
   * Commands as root get a password only where sudo asks for one, which was found out at the beginning. It is tried
   * once alone, with nothing after it that sudo could take for a second try. One that sudo refused is not tried again.
   */
  const sudoPassword = async (signal: AbortSignal): Promise<string | undefined> => {
    if (hasSudo || options.password === undefined) return undefined;
    password ??= options.password();
    const given = await password;
    tried ??= runWith(given, ['true'], { asRoot: true, signal, onLine: () => {}, timeoutMs: sudoTimeoutMs });
    await tried.catch((error: unknown) => {
      if (!(error instanceof AppError) || error.code !== 'deploy.sudo-failed') tried = undefined;
      throw error;
    });
    return given;
  };

  const run = async (words: readonly string[], runOptions: RunOnHostOptions): Promise<number> => {
    const needsSudo = runOptions.asRoot && facts?.user !== 'root';
    return runWith(needsSudo ? await sudoPassword(runOptions.signal) : undefined, words, runOptions);
  };

  const runWith = async (
    given: string | undefined,
    words: readonly string[],
    runOptions: RunOnHostOptions,
  ): Promise<number> => {
    const { signal } = runOptions;
    const what = `${name}: ${words[0] ?? ''}`;
    const root =
      runOptions.asRoot && facts?.user !== 'root'
        ? asRoot(words, randomBytes(12).toString('hex'), given)
        : undefined;
    await using fresh = runOptions.fresh ? createSharedLogin(spec, undefined) : undefined;
    const lastWords: string[] = [];
    let ready: (() => void) | undefined;
    const isRoot = new Promise<void>((resolve) => {
      ready = resolve;
    });
    let wasReady = false;
    try {
      const exit = await seeThrough((within) => start(fresh ?? login, root?.words ?? words, within), {
        what,
        signal,
        timeoutMs: runOptions.timeoutMs,
        stdin: root === undefined ? runOptions.stdin : afterReady(root, isRoot, runOptions.stdin),
        onLine: (line, stream) => {
          if (!wasReady && stream === 'stderr' && root?.isReady(line)) {
            wasReady = true;
            lastWords.length = 0;
            ready?.();
            return;
          }
          if (stream === 'stderr') lastWords.push(line);
          if (lastWords.length > keptWords) lastWords.shift();
          // Until then it is sudo that speaks.
          if (root === undefined || wasReady || stream === 'stdout') runOptions.onLine(line);
        },
      });
      const { code, signal: killedBy } = exit;
      if (code === null) {
        const became = killedBy === null ? 'the connection was lost' : 'what it ran was killed there';
        const words = killedBy === null ? lastWords : [killedBy, ...lastWords];
        throw sshFailure('deploy.connection-lost', name, became, words.join('\n'));
      }
      if (root !== undefined && !wasReady && code !== 0) {
        const refusal = lastWords.filter((line) => line.trim() !== '').slice(-wordsOfSudo);
        throw new AppError(
          'deploy.sudo-failed',
          `${name}: sudo did not let ${facts?.user ?? 'the login'} do what only root may: ${refusal.join('\n') || `exit code ${code}`}`,
        );
      }
      return code;
    } finally {
      ready?.();
    }
  };

  const askFacts = async (signal: AbortSignal): Promise<AnsweredFacts> => {
    const lines: string[] = [];
    await run(['sh', '-s'], {
      signal,
      timeoutMs: factsTimeoutMs,
      stdin: factsScript,
      onLine: (line) => {
        if (lines.length < mostFacts) lines.push(line);
      },
    });
    return parseFacts(name, lines);
  };

  const connect = async (): Promise<readonly [AnsweredFacts, Store]> => {
    const deadline = AbortSignal.timeout(openTimeoutMs);
    const signal = AbortSignal.any([options.signal, deadline]);
    try {
      // Both wait for one login. What the facts say of its failure is better than what the store says.
      const [answered, store] = await Promise.allSettled([
        askFacts(signal),
        openStore(spec, { signal, login }),
      ]);
      if (answered.status === 'fulfilled' && store.status === 'fulfilled') {
        return [answered.value, store.value];
      }
      if (store.status === 'fulfilled') await store.value[Symbol.asyncDispose]();
      throw answered.status === 'rejected' ? answered.reason : store.status === 'rejected' && store.reason;
    } catch (error) {
      if (!deadline.aborted || options.signal.aborted) throw error;
      throw new AppError(
        'deploy.unreachable',
        `${name}: it let nobody in within ${openTimeoutMs / 1000} s: ${errorMessage(error)}`,
      );
    }
  };

  try {
    const [answered, store] = await connect();
    hasSudo = answered.hasSudo;
    const keep = (known: AnsweredFacts): HostFacts => {
      const { hasSudo: _, ...rest } = known;
      const kept: HostFacts = {
        ...rest,
        trusted: store.trusted ?? (rest.user === 'root' ? true : undefined),
      };
      facts = kept;
      return kept;
    };
    const first = keep(answered);
    return {
      host: { name, target },
      store,
      get facts() {
        return facts ?? first;
      },
      refresh: async ({ signal }) => keep(await askFacts(signal)),
      reset: () => login.reset(),
      run,
      async [Symbol.asyncDispose]() {
        await store[Symbol.asyncDispose]();
        await login[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await login[Symbol.asyncDispose]();
    throw error;
  }
}

/** Data waits until sudo has let us in: whatever it refuses must not be read as further passwords. */
async function* afterReady(
  root: RootCommand,
  ready: Promise<void>,
  data: RunOnHostOptions['stdin'],
): AsyncGenerator<Uint8Array> {
  if (root.password !== '') yield Buffer.from(root.password);
  if (data === undefined) return;
  await ready;
  if (root.afterReady !== '') yield Buffer.from(root.afterReady);
  if (data instanceof Uint8Array) yield data;
  else yield* data;
}
