/** A commit of a git repository. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isOnPath } from '../../process/start-process.ts';
import { holdLock } from '../hold-lock.ts';
import type { InputPlugin } from '../input.ts';
import { valueProblem } from '../value-problem.ts';
import { defaultTimeoutMs, within } from '../within.ts';
import { fetchGit, repositoryBase } from './fetch-git.ts';
import { parseGitValue } from './schema.ts';

export const gitInput: InputPlugin = {
  type: 'git',
  title: 'Git checkout',
  check: (value) => valueProblem(() => parseGitValue(value)),
  unavailable: async ({ env }) => (isOnPath('git', env.PATH) ? undefined : 'git is not on PATH'),
  async fetch(spec, deps) {
    const value = parseGitValue(spec.value);
    const { remote, options } = value;
    await mkdir(join(deps.cacheDirectory, 'git'), { recursive: true, mode: 0o700 });
    // Waiting for another fetch of the same repository is not counted: it has a time limit of its own.
    const base = repositoryBase(deps.cacheDirectory, value.uri, options.sshKey);
    await using _lock = await holdLock(`${base}.lock`, deps.signal);
    const timeoutMs = options.timeout === undefined ? deps.timeoutMs : options.timeout * 1000;
    const { storePath, sha256, ...commit } = await within(
      timeoutMs ?? defaultTimeoutMs,
      `fetching ${remote.address}`,
      deps.signal,
      (signal) => fetchGit(value, deps, signal),
    );
    return {
      name: spec.name,
      type: spec.type,
      value: { kind: 'path', storePath, attributes: { uri: remote.address, ...commit } },
      uri: remote.address,
      revision: commit.rev,
      sha256,
      dependency: null,
    };
  },
};
