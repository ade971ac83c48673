/**
 * Uploading the secrets of a host, step by step as Morph does (deploy reference §1.11): wait for the file system, a
 * temporary file, scp, then move, owner and mode. A failure of the last two leaves the secret in place, and is told;
 * any other ends it. Then each action once. Where Morph takes the secrets in no order, they are sorted here.
 */

import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { SecretSpec } from '../../network/network.ts';
import type { ProcessExit } from '../../process/running-command.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import type { PlannedHost } from '../deploy-plan.ts';
import type { SecretsUploaded } from '../rollout/host-steps.ts';
import { exitWords } from './exit-words.ts';
import type { MorphHost, MorphRemote } from './morph-remote.ts';

export interface MorphSecretsOptions {
  readonly remote: MorphRemote;
  /** To the user. */
  readonly write: (text: string) => void;
  readonly signal: AbortSignal;
  /** Undefined: all. */
  readonly phase?: SecretSpec['uploadAt'] | undefined;
  /** For each action; 0 or less: as long as it takes. */
  readonly timeoutSeconds: number;
}

/** Throws `deploy.failed` when a secret is not in place. */
export async function uploadMorphSecrets(
  host: Pick<PlannedHost, 'name' | 'target' | 'secrets'>,
  options: MorphSecretsOptions,
): Promise<SecretsUploaded> {
  const { write, phase } = options;
  write(`Uploading secrets to ${host.name} (${host.target.host}):\n`);
  const wanted = Object.entries(host.secrets)
    .filter(([, { uploadAt }]) => phase === undefined || uploadAt === phase)
    .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  // What Morph does not know is done by our own commands, which keep such secrets off any disk.
  const strange = wanted.find(([, { source }]) => source === '');
  if (strange !== undefined) {
    throw new AppError(
      'deploy.failed',
      `the secret ${strange[0]} of ${host.name} comes from no file, which Morph has no way for: use proteus upload-secrets`,
    );
  }
  const partial: string[] = [];
  const actions = new Map<string, readonly string[]>();
  for (const [name, secret] of wanted) {
    const size = await sizeOf(secret.source);
    const begin = `\t* ${name} (${size} bytes).. `;
    let problem: string | undefined;
    try {
      problem = await upload(host, secret, options);
    } catch (error) {
      write(`${begin}Failed\n`);
      throw error;
    }
    if (problem === undefined) write(`${begin}OK\n`);
    else {
      write(`${begin}Partial\n${problem}`);
      partial.push(`${name}: ${problem.trim()}`);
    }
    if (secret.action.length > 0) actions.set(secret.action.join(' '), secret.action);
  }
  for (const [text, words] of actions) {
    write(`\t- executing post-upload command: ${text}\n`);
    const problem = await runAndTell(host, words, options);
    if (problem !== undefined) partial.push(problem);
  }
  return { uploaded: wanted.map(([name]) => name), unchanged: [], partial };
}

async function sizeOf(source: string): Promise<number> {
  try {
    return (await stat(source)).size;
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new AppError(
      'deploy.failed',
      `open ${source}: ${missing ? 'no such file or directory' : errorMessage(cause)}`,
      { cause },
    );
  }
}

/** What is wrong with the secret although it is in place; undefined when nothing is. */
async function upload(
  host: MorphHost,
  { source, destination, mkDirs, owner, permissions }: SecretSpec,
  options: MorphSecretsOptions,
): Promise<string | undefined> {
  const { remote, signal } = options;
  /** Undefined when it went well, else what was printed. */
  const failing = async (
    run: (to: { signal: AbortSignal; output: (chunk: Uint8Array) => void }) => Promise<ProcessExit>,
  ): Promise<string | undefined> => {
    const printed: Uint8Array[] = [];
    const { code } = await run({ signal, output: (chunk) => printed.push(chunk) });
    if (signal.aborted) throw new AppError('interrupted', 'interrupted');
    return code === 0 ? undefined : Buffer.concat(printed).toString();
  };
  const must = async (words: readonly string[], message: (printed: string) => string): Promise<void> => {
    const printed = await failing((to) => remote.sudo(host, words, to));
    if (printed !== undefined) throw new AppError('deploy.failed', message(printed));
  };
  const onHost = `Error on remote host ${host.name} (${host.target.host}):\n`;

  await must(
    [
      '/run/current-system/sw/bin/systemd-run',
      '--collect',
      '--wait',
      `--property=RequiresMountsFor=${destination}`,
      'true',
    ],
    (printed) => `\tFailed waiting for mountpoints for: ${destination}:\n\t${printed}`,
  );
  const made: Uint8Array[] = [];
  const complaint = await failing((to) =>
    remote.run(host, ['mktemp'], { ...to, stdout: (chunk) => made.push(chunk) }),
  );
  if (complaint !== undefined) {
    throw new AppError(
      'deploy.failed',
      `${onHost}Couldn't create temporary file using mktemp\n\nOriginal error:\n${complaint}`,
    );
  }
  const temporary = Buffer.concat(made).toString().trim();
  if (!/^\/[A-Za-z0-9_./-]+$/.test(temporary)) {
    throw new AppError(
      'deploy.failed',
      `${onHost}mktemp printed ${JSON.stringify(temporary)}, wanted a path`,
    );
  }
  if (mkDirs) {
    const folder = path.posix.dirname(destination);
    await must(
      ['mkdir', '-p', '-m', '755', folder],
      (printed) => `\tCouldn't make directories: ${folder}, on remote host. Error: ${printed}`,
    );
  }
  const sent = await failing((to) => remote.upload(host, source, temporary, to));
  if (sent !== undefined) {
    throw new AppError(
      'deploy.failed',
      `${onHost}Couldn't upload file: ${source} -> ${temporary}\n\nOriginal error:\n${sent}`,
    );
  }
  await must(
    ['mv', temporary, destination],
    (printed) => `\tCouldn't move file: ${temporary} -> ${destination}:\n\t${printed}`,
  );
  const chown = await failing((to) =>
    remote.sudo(host, ['chown', `${owner.user}:${owner.group}`, destination], to),
  );
  const chmod = await failing((to) => remote.sudo(host, ['chmod', permissions, destination], to));
  const problems = [
    ...(chown === undefined ? [] : [`\tCouldn't chown file: ${destination}:\n\t${chown}`]),
    ...(chmod === undefined ? [] : [`\tCouldn't chmod file: ${destination}:\n\t${chmod}`]),
  ];
  return problems.length === 0 ? undefined : problems.join('');
}

/**
 * Runs a command whose output the user sees, as `exec` does. What went wrong, which has been printed; undefined when
 * nothing has.
 */
export async function runAndTell(
  host: MorphHost,
  words: readonly string[],
  options: Pick<MorphSecretsOptions, 'remote' | 'write' | 'signal' | 'timeoutSeconds'> & {
    readonly output?: ((chunk: Uint8Array) => void) | undefined;
  },
): Promise<string | undefined> {
  const { remote, write, signal, timeoutSeconds, output } = options;
  const over = timeoutSeconds > 0 ? AbortSignal.timeout(timeoutSeconds * 1000) : undefined;
  const exit = await remote.run(host, words, {
    signal: over === undefined ? signal : AbortSignal.any([signal, over]),
    output: output ?? ((chunk) => write(Buffer.from(chunk).toString())),
  });
  if (signal.aborted) throw new AppError('interrupted', 'interrupted');
  const shown = `[${words.join(' ')}]`;
  if (over?.aborted) return told(write, `Exec of cmd: ${shown} timed out`);
  if (exit.code === 0) return undefined;
  return told(write, `Exec of cmd: ${shown} failed with err: '${exitWords(exit)}'`);
}

function told(write: (text: string) => void, problem: string): string {
  write(`${problem}\n`);
  return problem;
}
