/** Git repositories for tests, independent of anybody's configuration. */

import { type ProcessResult, runProcess } from '../../src/process/run-process.ts';

const identity = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.org',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.org',
};

export function git(folder: string, ...args: readonly string[]): Promise<ProcessResult> {
  return runProcess(['git', '-C', folder, ...args], { env: { ...process.env, ...identity } });
}

/** Makes a repository of what is in the folder. */
export async function makeRepository(folder: string, branch = 'main'): Promise<void> {
  await git(folder, 'init', '--quiet', `--initial-branch=${branch}`);
  await commitAll(folder, 'Begin');
}

export async function commitAll(folder: string, message: string): Promise<void> {
  await git(folder, 'add', '--all');
  await git(folder, 'commit', '--quiet', '--message', message);
}
