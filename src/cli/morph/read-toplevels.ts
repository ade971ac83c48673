/** The systems in a result of Morph's: a folder with a link per host. */

import { readlink } from 'node:fs/promises';
import path from 'node:path';
import { isStorePath, type StorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';

/** By name of the host. Throws `deploy.no-toplevel` when there is none, which another eval-machines.nix can bring about. */
export async function readToplevels(
  result: string,
  hosts: readonly { readonly name: string }[],
): Promise<ReadonlyMap<string, StorePath>> {
  const found = await Promise.all(
    hosts.map(async ({ name }): Promise<[string, StorePath]> => {
      const link = path.join(result, name);
      const target = await readlink(link).catch((cause: unknown) => {
        throw new AppError('deploy.no-toplevel', `readlink ${link}: it is no link to a system`, { cause });
      });
      if (isStorePath(target)) return [name, target];
      throw new AppError('deploy.no-toplevel', `${link} leads to ${target}, wanted a store path`);
    }),
  );
  return new Map(found);
}
