/** The newest state of a Darcs repository, known by the hash of its last patch. */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../util/app-error.ts';
import { checkAddress, splitWords } from '../address.ts';
import { fetchRepository } from '../fetch-repository.ts';
import type { InputDeps, InputPlugin } from '../input.ts';
import { missingTool, toolRunner } from '../tool-runner.ts';
import { valueProblem } from '../value-problem.ts';

export const darcsInput: InputPlugin = {
  type: 'darcs',
  title: 'Darcs checkout',
  check: (value) => valueProblem(() => parse(value)),
  unavailable: async (deps) => missingTool('darcs', deps),
  async fetch(spec, deps) {
    const address = parse(spec.value);
    // Darcs wants a path where it is one.
    const target = address.replace(/^file:\/\//, '');
    const darcs = (inTime: InputDeps, args: readonly string[]): Promise<string> =>
      toolRunner('darcs', inTime)(args, `cannot fetch ${address}`);
    return fetchRepository(spec, deps, {
      identity: address,
      address,
      async find({ deps: inTime }) {
        const xml = await darcs(inTime, ['log', '--last=1', '--xml-output', `--repo=${target}`]);
        const revision = /^<patch[^>]*\shash='([0-9a-f-]+)'/m.exec(xml)?.[1];
        if (revision === undefined) throw new AppError('input.fetch', `${address} has no patches`);
        const count = await darcs(inTime, ['log', '--count', `--repo=${target}`]);
        return { revision, attributes: { rev: revision, revCount: Number(count) } };
      },
      async checkOut({ deps: inTime }, { revision }, tree) {
        await darcs(inTime, ['clone', '--quiet', '--lazy', `--to-hash=${revision}`, target, tree]);
        await rm(join(tree, '_darcs'), { recursive: true });
      },
    });
  },
};

function parse(value: string): string {
  const [address] = splitWords(value, 1, 'the ADDRESS of a repository');
  return checkAddress(address, ['https', 'http', 'ssh', 'file']);
}
