/**
 * The git checkout that a network file lies in, as far as a jobset needs it: where it is, which branch is out, and
 * what of it is not committed, which the server will not see.
 */

import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { runProcess } from '../../process/run-process.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';

export interface GitCheckout {
  /** The top folder of the checkout. */
  readonly folder: string;
  readonly branch: string;
  /** Of the network file, relative to the folder. */
  readonly file: string;
  /** Changed or new files, relative to the folder. */
  readonly uncommitted: readonly string[];
}

export interface GitOptions {
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Throws `up.checkout` saying what is missing, or `process.missing` without git. */
export async function gitCheckout(file: string, options: GitOptions): Promise<GitCheckout> {
  const network = await realpath(file).catch((cause: unknown) => {
    throw new AppError('up.checkout', `there is no network file ${file}: ${errorMessage(cause)}`, { cause });
  });
  const git = async (folder: string, ...args: readonly string[]): Promise<string> =>
    (await runProcess(['git', '-C', folder, ...args], options)).stdout;
  const folder = await git(path.dirname(network), 'rev-parse', '--show-toplevel').catch((cause: unknown) => {
    if (!(cause instanceof AppError && cause.code === 'process.failed')) throw cause;
    throw new AppError(
      'up.checkout',
      `${file} does not lie in a git checkout, which is what the server follows (${errorMessage(cause).split('\n').at(-1)})`,
      {
        cause,
        hint: `Make it one: git init && git add . && git commit -m 'Begin', in ${path.dirname(network)}.`,
      },
    );
  });
  const root = folder.trimEnd();
  const branch = (await git(root, 'symbolic-ref', '--short', 'HEAD').catch(() => '')).trim();
  if (branch === '') {
    throw new AppError('up.checkout', `${root} has no branch checked out`, {
      hint: 'Check one out: git switch BRANCH.',
    });
  }
  const relative = path.relative(root, network);
  const committed = await git(root, 'ls-tree', '--name-only', '-z', 'HEAD', '--', relative).catch(() => '');
  if (committed === '') {
    throw new AppError('up.checkout', `${relative} is not committed on the branch ${branch} of ${root}`, {
      hint: `Commit it: git add ${relative} && git commit. The server builds what is committed.`,
    });
  }
  const status = await git(root, 'status', '--porcelain=v1', '-z', '--no-renames');
  const uncommitted = status
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => entry.slice(3));
  return { folder: root, branch, file: relative, uncommitted };
}
