/**
 * Puts the secrets of a host in place: those of one phase of its rollout, or all.
 *
 * The host is asked once what it has: a hash of a key that is new every time and the content, owner and mode. So nothing
 * that tells of a secret is kept anywhere, and what somebody changed by hand is noticed. What differs goes there in one
 * stream; then each distinct action of what changed is run once. An action that failed, or never came because somebody
 * was killed, is due the next time.
 *
 * Owners that do not exist before the activation may come with it: until then the file is root's alone, and the phase after
 * the activation, which looks at all secrets, gives it to its owner and runs its action.
 */

import { createHash, randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import type { SecretSpec } from '../../network/network.ts';
import { shellQuote } from '../../process/ssh.ts';
import { AppError } from '../../util/app-error.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import type { PlannedHost } from '../deploy-plan.ts';
import type { SecretsUploaded, StepOptions } from '../rollout/host-steps.ts';
import type { HostSession } from '../session/host-session.ts';
import { checkSecret } from './check-secret.ts';
import { differs, type FoundSecret, parseFound } from './found-secret.ts';
import type { SecretMemory } from './secret-memory.ts';
import { actedScript, lookScript, putScript, removeScript, secretId } from './secret-scripts.ts';

export interface UploadRequest {
  readonly phase: 'pre-activation' | 'post-activation' | 'all';
  readonly memory: SecretMemory;
  /** Also what is in place already. */
  readonly force?: boolean | undefined;
  /** Remove what was uploaded once and is not in the configuration any more; not before the activation. */
  readonly removeGone?: boolean | undefined;
}

interface Wanted {
  readonly name: string;
  readonly id: string;
  readonly spec: SecretSpec;
  readonly content: Uint8Array;
}

/** Throws `deploy.secret-source`, `deploy.secret-failed`, and what becomes of the connection. */
export async function uploadSecrets(
  session: HostSession,
  host: Pick<PlannedHost, 'secrets'>,
  request: UploadRequest,
  options: StepOptions,
): Promise<SecretsUploaded> {
  const { phase, memory, force = false } = request;
  const wanted: Wanted[] = [];
  for (const [name, spec] of Object.entries(host.secrets)) {
    checkSecret(name, spec);
    // After the activation also those of before, which may have got their owners by it.
    if (phase === 'pre-activation' && spec.uploadAt !== phase) continue;
    const content = await memory.contentOf(name, spec, options.signal);
    wanted.push({ name, id: secretId(spec.destination), spec, content });
  }
  if (phase !== 'pre-activation' && request.removeGone) await removeGone(session, host, options);
  if (wanted.length === 0) return { uploaded: [], unchanged: [], partial: [] };

  const key = randomBytes(32).toString('hex');
  const found = await look(session, wanted, key, options);
  const changed = wanted.filter((secret) => {
    const forced = force && (phase === 'all' || secret.spec.uploadAt === phase);
    return forced || differs(secret.spec, sumOf(key, secret.content), found.get(secret.id));
  });
  const results = changed.length === 0 ? new Map<string, string>() : await put(session, changed, options);
  const due = wanted.filter(({ id, spec }) => {
    if (spec.action.length === 0) return false;
    // Its owner comes with the activation, and so does its action then.
    if (phase === 'pre-activation' && results.get(id) === 'owner') return false;
    return results.has(id) || found.get(id)?.actionDue === true;
  });
  const failures = await act(session, due, options);
  const misses = changed.flatMap(({ name, id, spec }) => {
    const result = results.get(id);
    if (result === 'ok') return [];
    if (result === 'owner' && phase === 'pre-activation') return [];
    const { user, group } = spec.owner;
    return [
      result === 'owner'
        ? `${name} belongs to root: the host has no user ${user} or no group ${group}`
        : `${name} can be read by root only: chmod does not take ${JSON.stringify(spec.permissions)}`,
    ];
  });
  const names = (secrets: readonly Wanted[]): readonly string[] => secrets.map(({ name }) => name);
  return {
    uploaded: names(changed),
    unchanged: names(
      wanted.filter(({ id, spec }) => !results.has(id) && (phase === 'all' || spec.uploadAt === phase)),
    ),
    partial: [...misses, ...failures],
  };
}

function sumOf(key: string, content: Uint8Array): string {
  return createHash('sha256').update(key).update(content).digest('hex');
}

async function look(
  session: HostSession,
  wanted: readonly Wanted[],
  key: string,
  options: StepOptions,
): Promise<ReadonlyMap<string, FoundSecret>> {
  const mounts = session.facts.hasSystemd
    ? wanted.map(({ spec }) => `"${spec.destination.replace(/["\\]/g, '\\$&')}"`).join(' ')
    : '';
  const args = wanted.flatMap(({ id, spec }) => [id, spec.destination, posix.dirname(spec.destination)]);
  const answer = await runScript(session, lookScript, [mounts, ...args], Buffer.from(`${key}\n`), options);
  const found = new Map<string, FoundSecret>();
  for (const [id = '', ...rest] of answer.lines) {
    if (id === 'mounts') throw failed(session, 'what they are to be mounted on could not be mounted');
    const secret = parseFound(rest);
    if (secret !== undefined) found.set(id, secret);
  }
  const missing = wanted.find(({ id }) => !found.has(id));
  if (answer.code !== 0 || missing !== undefined) {
    throw failed(session, `the host does not say what it has of them (exit code ${answer.code})`);
  }
  return found;
}

/** What became of each, by id. */
async function put(
  session: HostSession,
  changed: readonly Wanted[],
  options: StepOptions,
): Promise<ReadonlyMap<string, string>> {
  const args = changed.flatMap(({ id, spec, content }) => [
    id,
    String(content.length),
    spec.destination,
    posix.dirname(spec.destination),
    spec.owner.user,
    spec.owner.group,
    spec.permissions,
    spec.mkDirs ? '1' : '0',
    spec.action.length > 0 ? '1' : '0',
  ]);
  const contents = async function* () {
    for (const { content } of changed) if (content.length > 0) yield content;
  };
  const { code, lines } = await runScript(session, putScript, args, contents(), options);
  const results = new Map(lines.map(([id = '', result = '']) => [id, result]));
  for (const { name, id, content } of changed) {
    const result = results.get(id);
    if (result === undefined || result === 'failed') {
      const why = lines
        .find(([other]) => other === id)
        ?.slice(2)
        .join(' ');
      throw failed(session, `${name}: ${why ?? `it was not written (exit code ${code})`}`);
    }
    const rest =
      result === 'ok' ? '' : `, but ${result === 'owner' ? 'its owner' : 'its mode'} could not be set`;
    options.onLine(`secret ${name}: uploaded ${formatBytes(content.length)}${rest}`);
  }
  return results;
}

/** Each distinct action once. In words, what failed. */
async function act(
  session: HostSession,
  due: readonly Wanted[],
  options: StepOptions,
): Promise<readonly string[]> {
  const byWords = Map.groupBy(due, ({ spec }) => spec.action.join(' '));
  const failures: string[] = [];
  const done: string[] = [];
  for (const [words, secrets] of byWords) {
    const [first = '', ...rest] = secrets[0]?.spec.action ?? [];
    options.onLine(`executing post-upload command: ${words}`);
    const asRoot = first === 'sudo';
    const code = await session.run(asRoot ? rest : [first, ...rest], { ...options, asRoot });
    if (code === 0) done.push(...secrets.map(({ id }) => id));
    else failures.push(`the action ${JSON.stringify(words)} ended with exit code ${code}`);
  }
  if (done.length > 0) await runScript(session, actedScript, done, undefined, options, false);
  return failures;
}

async function removeGone(
  session: HostSession,
  host: Pick<PlannedHost, 'secrets'>,
  options: StepOptions,
): Promise<void> {
  const keep = Object.values(host.secrets).map(({ destination }) => secretId(destination));
  const { code, lines } = await runScript(session, removeScript, keep, undefined, options);
  for (const [, , ...destination] of lines) options.onLine(`secret removed: ${destination.join(' ')}`);
  if (code !== 0) throw failed(session, 'one that is gone from the configuration could not be removed');
}

/** Runs a script as root; `lines` are the words of what it says to us. */
async function runScript(
  session: HostSession,
  script: string,
  args: readonly string[],
  stdin: Uint8Array | AsyncIterable<Uint8Array> | undefined,
  { signal, onLine }: StepOptions,
  answers = true,
): Promise<{ readonly code: number; readonly lines: readonly (readonly string[])[] }> {
  const word = `proteus-${randomBytes(9).toString('hex')}`;
  const lines: string[][] = [];
  const words = [script, 'proteus', ...(answers ? [word] : []), ...args].map(shellQuote);
  const code = await session.run(['sh', '-c', ...words], {
    signal,
    asRoot: true,
    stdin: stdin ?? new Uint8Array(),
    onLine: (line) => {
      if (line.startsWith(`${word} `)) lines.push(line.slice(word.length + 1).split(' '));
      else onLine(line);
    },
  });
  return { code, lines };
}

function failed(session: HostSession, why: string): AppError {
  return new AppError('deploy.secret-failed', `secrets of ${session.host.name}: ${why}`);
}
