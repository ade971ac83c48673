/** What svn and svn-checkout share: which revision it is. */

import { fetchRepository } from '../fetch-repository.ts';
import type { InputDeps, InputSpec, ResolvedInput } from '../input.ts';
import { toolRunner } from '../tool-runner.ts';
import { parseSvnValue, svnTarget } from './schema.ts';

/** `export` gives the files alone, `checkout` leaves `.svn` with them. */
export async function fetchSvn(
  spec: InputSpec,
  deps: InputDeps,
  how: 'export' | 'checkout',
): Promise<ResolvedInput> {
  const { address, revision } = parseSvnValue(spec.value);
  return fetchRepository(spec, deps, {
    identity: address,
    address,
    async find({ deps: inTime }) {
      const rev =
        revision ??
        Number(await svn(inTime, ['info', '--show-item', 'last-changed-revision', svnTarget(address)]));
      // A number for Nix, which is how Hydra hands it over.
      return { revision: String(rev), attributes: { rev }, rev };
    },
    async checkOut({ deps: inTime }, { rev }, tree) {
      await svn(inTime, [how, '--quiet', '--revision', String(rev), svnTarget(address, rev), tree]);
    },
  });

  function svn(inTime: InputDeps, [command = '', ...args]: readonly string[]): Promise<string> {
    return toolRunner('svn', inTime)([command, '--non-interactive', ...args], `cannot fetch ${address}`);
  }
}
