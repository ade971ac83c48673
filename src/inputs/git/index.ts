/**
 * A commit of a git repository. A mirror of it is kept, and brought up to date by each fetch.
 *
 * There are two locks: that of the address, held for the whole fetch, and that of its mirror, which submodules of other
 * repositories use as well. Nobody waits for a lock while holding that of a mirror, so no circle of submodules can come
 * to a standstill.
 */

import { isOnPath } from '../../process/start-process.ts';
import { fetchRepository } from '../fetch-repository.ts';
import type { InputPlugin } from '../input.ts';
import { valueProblem } from '../value-problem.ts';
import { addSubmodules } from './add-submodules.ts';
import { checkOut, deepClone } from './checkout.ts';
import { commitFacts, fetchCommit, type RemoteContext, useMirror } from './mirror.ts';
import { gitIdentity, parseGitValue } from './schema.ts';
import { listSubmodules } from './submodules.ts';

export const gitInput: InputPlugin = {
  type: 'git',
  title: 'Git checkout',
  check: (value) => valueProblem(() => parseGitValue(value)),
  unavailable: async ({ env }) => (isOnPath('git', env.PATH) ? undefined : 'git is not on PATH'),
  async fetch(spec, deps) {
    const { uri, remote, ref, deepClone: isDeep, options } = parseGitValue(spec.value);
    const { sshKey, fallback_branch, timeout, submodules = 'yes' } = options;
    const contextOf = (signal: AbortSignal): RemoteContext => ({ env: deps.env, signal, remote, sshKey });
    return fetchRepository(spec, deps, {
      identity: gitIdentity(uri, sshKey),
      address: remote.address,
      variant: `${isDeep ? 'deep' : 'plain'} submodules=${submodules}`,
      timeoutMs: timeout === undefined ? undefined : timeout * 1000,
      find: ({ base, deps: { signal } }) =>
        useMirror(base, contextOf(signal), async (mirror) => {
          const rev = await fetchCommit(mirror, ref ?? 'HEAD', ref ?? fallback_branch);
          return { revision: rev, attributes: { rev, ...(await commitFacts(mirror, rev)) } };
        }),
      async checkOut({ base, deps: inTime }, { revision }, tree) {
        const context = contextOf(inTime.signal);
        const modules = await useMirror(base, context, async (mirror) => {
          await fetchCommit(mirror, revision);
          await (isDeep ? deepClone(mirror, revision, tree) : checkOut(mirror, revision, tree));
          return submodules === 'no' ? [] : listSubmodules(mirror, revision, uri);
        });
        await addSubmodules(modules, { deps: inTime, context, recursive: submodules === 'recursive' }, tree);
      },
    });
  },
};
