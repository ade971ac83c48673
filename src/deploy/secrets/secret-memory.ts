/**
 * The content of secrets, fetched once for all hosts and steps that want it, and only ever held in memory: it is
 * overwritten when the memory is disposed. Where a secret comes from is a file, the output of a program, a text, or a file
 * that `age` decrypts.
 *
 * Programs run as who deploys, so a plan that somebody else wrote must not name any: see `allow`.
 */

import { readFile } from 'node:fs/promises';
import type { SecretSpec } from '../../network/network.ts';
import { type Argv, startProcess } from '../../process/start-process.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { unlessAborted } from '../../util/unless-aborted.ts';

export type SecretOrigin = 'file' | 'command' | 'text' | 'age';

export interface SecretMemoryOptions {
  /** Which ways there are; default: all. */
  readonly allow?: readonly SecretOrigin[] | undefined;
  /** A file with the keys that age decrypts with, where a secret names none. */
  readonly ageIdentity?: string | undefined;
}

export interface SecretMemory extends AsyncDisposable {
  /** `name` is for messages. Throws `deploy.secret-source`, `interrupted`; no message holds any of the content. */
  contentOf(name: string, spec: SecretSpec, signal: AbortSignal): Promise<Uint8Array>;
}

export function createSecretMemory(options: SecretMemoryOptions = {}): SecretMemory {
  const { allow = ['file', 'command', 'text', 'age'] } = options;
  const contents = new Map<string, Promise<Uint8Array>>();
  const over = new AbortController();

  const fetch = async (name: string, spec: SecretSpec): Promise<Uint8Array> => {
    const origin = originOf(name, spec);
    if (!allow.includes(origin)) {
      throw failure(name, `it comes from: ${origin}; allowed here: ${allow.join(', ') || 'nothing'}`);
    }
    if (spec.text !== undefined) return Buffer.from(spec.text);
    if (spec.command !== undefined) return outputOf(name, spec.command, over.signal);
    if (spec.age !== undefined) return decrypted(name, spec.age);
    return readFile(spec.source).catch((error: unknown) => {
      // Morph's words for a file that is not there.
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      const why = isMissing ? `open ${spec.source}: no such file or directory` : errorMessage(error);
      throw failure(name, why, error);
    });
  };

  const decrypted = (name: string, age: NonNullable<SecretSpec['age']>): Promise<Uint8Array> => {
    const identity = age.identity ?? options.ageIdentity;
    if (identity === undefined) {
      throw failure(
        name,
        `${age.file} is to be decrypted with age, and nobody said with which identity file`,
      );
    }
    return outputOf(name, ['age', '--decrypt', '--identity', identity, age.file], over.signal);
  };

  return {
    contentOf(name, spec, signal) {
      const key = JSON.stringify([spec.source, spec.command, spec.text, spec.age]);
      let content = contents.get(key);
      if (content === undefined) {
        content = fetch(name, spec);
        contents.set(key, content);
        // The next host may have more luck, as with a password manager that was locked.
        content.catch(() => contents.delete(key));
      }
      return unlessAborted(content, signal, `fetching the secret ${name}`);
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      for (const result of await Promise.allSettled(contents.values())) {
        if (result.status === 'fulfilled') result.value.fill(0);
      }
      contents.clear();
    },
  };
}

function originOf(name: string, { source, command, text, textLeftOut, age }: SecretSpec): SecretOrigin {
  if (textLeftOut)
    throw failure(
      name,
      'it is a text in the network, which servers do not keep: make it a file among the secrets of the server',
    );
  const origins: SecretOrigin[] = [];
  if (source !== '') origins.push('file');
  if (command !== undefined) origins.push('command');
  if (text !== undefined) origins.push('text');
  if (age !== undefined) origins.push('age');
  const [origin] = origins;
  if (origin !== undefined && origins.length === 1) return origin;
  throw failure(name, `wanted one of source, command, text and age, got ${origins.join(' and ') || 'none'}`);
}

/** What a program prints, byte for byte. What it says beside that goes into the error, which nobody else sees. */
async function outputOf(name: string, argv: readonly string[], signal: AbortSignal): Promise<Uint8Array> {
  const [program, ...args] = argv;
  if (program === undefined) throw failure(name, 'its command is empty');
  const command: Argv = [program, ...args];
  await using child = await startProcess(command, { signal });
  child.stdin.end();
  const [output, said, exit] = await Promise.all([all(child.stdout), all(child.stderr), child.exited]);
  if (exit.code === 0) return output;
  output.fill(0);
  const how = exit.code === null ? `was killed by ${exit.signal}` : `ended with exit code ${exit.code}`;
  const tail = said.toString('utf8').trim().split('\n').slice(-5).join('\n');
  throw failure(name, `${program} ${how}${tail && `:\n${tail}`}`);
}

async function all(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch {
    // A killed child's pipe can break while it is read; the exit says what happened.
  }
  const whole = Buffer.concat(chunks);
  for (const chunk of chunks) chunk.fill(0);
  return whole;
}

function failure(name: string, why: string, cause?: unknown): AppError {
  return new AppError('deploy.secret-source', `the secret ${name}: ${why}`, { cause });
}
