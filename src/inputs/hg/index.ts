/** A revision of a Mercurial repository, from a clone that is kept. */

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../util/app-error.ts';
import { fetchRepository, type RepositoryPlace } from '../fetch-repository.ts';
import type { InputPlugin } from '../input.ts';
import { missingTool, type RunIt, toolRunner } from '../tool-runner.ts';
import { valueProblem } from '../value-problem.ts';
import { parseHgValue } from './schema.ts';

export const hgInput: InputPlugin = {
  type: 'hg',
  title: 'Mercurial checkout',
  check: (value) => valueProblem(() => parseHgValue(value)),
  unavailable: async (deps) => missingTool('hg', deps),
  async fetch(spec, deps) {
    const { address, id } = parseHgValue(spec.value);
    return fetchRepository(spec, deps, {
      identity: address,
      address,
      async find(place) {
        const hg = runHg(place);
        const clone = `${place.base}.hg`;
        // A pull that was killed leaves it; to make it good again takes as long as to begin anew.
        if (existsSync(join(clone, '.hg/store/journal'))) await rm(clone, { recursive: true });
        if (!existsSync(join(clone, '.hg/requires'))) {
          await rm(clone, { recursive: true, force: true });
          await hg(['init', '--', clone], `cannot make the clone ${clone}`);
        }
        await hg(['pull', '--quiet', '--repository', clone, '--', address], `cannot fetch ${address}`);
        const args = [
          'log',
          '--repository',
          clone,
          '--limit',
          '1',
          '--rev',
          id,
          '--template',
          '{node} {rev}',
        ];
        const text = await hg(args, `cannot find ${id} in ${address}`);
        const [, revision, count] = /^([0-9a-f]{40}) (\d+)$/.exec(text) ?? [];
        if (revision === undefined) throw new AppError('input.fetch', `${address} has no revision ${id}`);
        return { revision, attributes: { rev: revision, revCount: Number(count) } };
      },
      async checkOut(place, { revision }, tree) {
        const args = [
          'archive',
          '--quiet',
          '--repository',
          `${place.base}.hg`,
          '--rev',
          revision,
          '--type',
          'files',
        ];
        await runHg(place)([...args, '--', tree], `cannot check out ${address}`);
        await rm(join(tree, '.hg_archival.txt'), { force: true });
      },
    });
  },
};

function runHg({ deps }: RepositoryPlace): RunIt {
  const hg = toolRunner('hg', deps, { HGPLAIN: '1' });
  return (args, what) => hg([...args.slice(0, 1), '--noninteractive', ...args.slice(1)], what);
}
