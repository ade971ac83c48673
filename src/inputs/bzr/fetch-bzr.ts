/** What bzr and bzr-checkout share. The program is Bazaar's `bzr`, or that of its successor Breezy. */

import { AppError } from '../../util/app-error.ts';
import { checkAddress, splitWords } from '../address.ts';
import { fetchRepository } from '../fetch-repository.ts';
import type { InputDeps, InputSpec, ResolvedInput } from '../input.ts';
import { missingTool, toolRunner } from '../tool-runner.ts';

/** Throws `input.invalid`. */
export function parseBzrValue(value: string): string {
  const [address] = splitWords(value, 1, 'the ADDRESS of a branch');
  return checkAddress(address, ['https', 'http', 'bzr', 'bzr+ssh', 'sftp', 'file']);
}

/** Why there is no such program. */
export function missingBzr(deps: Pick<InputDeps, 'env'>): string | undefined {
  return missingTool(bzrProgram(deps), deps);
}

/** `export` gives the files alone, `checkout` leaves `.bzr` with them. */
export async function fetchBzr(
  spec: InputSpec,
  deps: InputDeps,
  how: 'export' | 'checkout',
): Promise<ResolvedInput> {
  const address = parseBzrValue(spec.value);
  return fetchRepository(spec, deps, {
    identity: address,
    address,
    async find({ deps: inTime }) {
      const revision = await bzr(inTime, ['revno', address]);
      if (!/^\d+$/.test(revision)) throw new AppError('input.fetch', `${address} has no revision number`);
      return { revision, attributes: { rev: revision } };
    },
    async checkOut({ deps: inTime }, { revision }, tree) {
      const at = ['--quiet', `--revision=${revision}`];
      await bzr(
        inTime,
        how === 'export'
          ? ['export', ...at, tree, address]
          : ['checkout', '--lightweight', ...at, address, tree],
      );
    },
  });

  function bzr(inTime: InputDeps, args: readonly string[]): Promise<string> {
    const noLog = { BZR_LOG: '/dev/null', BRZ_LOG: '/dev/null' };
    return toolRunner(bzrProgram(inTime), inTime, noLog)(args, `cannot fetch ${address}`);
  }
}

function bzrProgram(deps: Pick<InputDeps, 'env'>): string {
  return missingTool('brz', deps) === undefined ? 'brz' : 'bzr';
}
