/**
 * Which version of a flake its reference stands for now. Nothing of it is evaluated, no lock file is written, and what
 * the flake would like to be set for itself (`nixConfig`) is not.
 */

import { z } from 'zod';
import { parseStorePath, type StorePath } from '../nix/store-path.ts';
import { runProcess } from '../process/run-process.ts';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';

export interface LockedFlake {
  /** Stands for this version for ever, e.g. `git+https://…?ref=main&rev=…`. */
  readonly url: string;
  /** Where Nix has put the source of the flake; the flake itself may be in a folder of it. */
  readonly sourcePath: StorePath;
  /** Of the commit, where it is one. */
  readonly revision: string | null;
}

interface Options {
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default: ten minutes. */
  readonly timeoutMs?: number | undefined;
}

const schema = z.object({
  url: z.string(),
  path: z.string().transform(parseStorePath),
  locked: z.object({
    rev: z.string().optional(),
    dir: z.string().optional(),
  }),
});

/** Throws `input.invalid` for what cannot be a reference, `input.fetch` with what Nix says, and `interrupted`. */
export async function lockFlake(reference: string, options: Options = {}): Promise<LockedFlake> {
  if (!/^[a-zA-Z]\S*$/.test(reference)) {
    throw new AppError(
      'input.invalid',
      `a flake is wanted as a URL such as github:owner/repository or git+https://…, got '${reference}'`,
    );
  }
  const { url, path, locked } = await metadata(reference, options);
  const { rev, dir } = locked;
  const isLocked = rev !== undefined || url.includes('narHash=') || reference.startsWith('path:');
  // A working tree with changes has no version of its own; its copy in the store has.
  if (!isLocked) return lockFlake(`path:${path}${dir === undefined ? '' : `/${dir}`}`, options);
  return { url, sourcePath: path, revision: rev ?? null };
}

async function metadata(reference: string, options: Options): Promise<z.infer<typeof schema>> {
  const { signal, env = process.env, timeoutMs = 600_000 } = options;
  const argv = [
    'nix',
    '--extra-experimental-features',
    'nix-command flakes',
    '--option',
    'accept-flake-config',
    'false',
    'flake',
    'metadata',
    '--json',
    '--no-write-lock-file',
    '--refresh',
    '--',
    reference,
  ] as const;
  try {
    const { stdout } = await runProcess(argv, {
      signal,
      timeoutMs,
      env: { ...env, GIT_TERMINAL_PROMPT: '0' },
    });
    return schema.parse(JSON.parse(stdout));
  } catch (cause) {
    const passedOn = ['interrupted', 'process.missing'];
    if (cause instanceof AppError && passedOn.includes(cause.code)) throw cause;
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : errorMessage(cause);
    throw new AppError('input.fetch', `the flake ${reference} cannot be fetched: ${why}`, { cause });
  }
}
