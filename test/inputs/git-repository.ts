/** A git repository made for a test. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface GitRepository {
  readonly folder: string;
  /** Runs git in it and gives what it printed. */
  git(...args: string[]): string;
  /** The same with something on its standard input. */
  gitWith(input: string, ...args: string[]): string;
  write(file: string, text: string): void;
  /** Writes the files and commits all there is; gives the commit. */
  commit(files: Readonly<Record<string, string>>, ...options: string[]): string;
}

export function gitRepository(folder: string): GitRepository {
  const gitWith = (input: string, ...args: string[]): string =>
    execFileSync('git', ['-C', folder, ...args], {
      input,
      encoding: 'utf8',
      stdio: 'pipe',
      env: {
        ...process.env,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_AUTHOR_NAME: 'A',
        GIT_AUTHOR_EMAIL: 'a@example.org',
        GIT_COMMITTER_NAME: 'A',
        GIT_COMMITTER_EMAIL: 'a@example.org',
      },
    }).trim();
  const git = (...args: string[]): string => gitWith('', ...args);
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  mkdirSync(folder, { recursive: true });
  git('init', '--quiet', '--initial-branch=main');
  return {
    folder,
    git,
    gitWith,
    write,
    commit(files, ...options) {
      for (const [file, text] of Object.entries(files)) write(file, text);
      git('add', '--all');
      git('commit', '--quiet', '--allow-empty', '--message', 'change', ...options);
      return git('rev-parse', 'HEAD');
    },
  };
}
