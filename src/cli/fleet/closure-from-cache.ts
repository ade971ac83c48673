/** The closure of a path as a server's cache tells it: nothing of it need be in any store here. */

import type { ClosurePath } from '../../deploy/diff/diff-closures.ts';
import { parseNarInfo } from '../../nix/parse-narinfo.ts';
import { type StorePath, storePathHash } from '../../nix/store-path.ts';
import { createLimiter } from '../../util/create-limiter.ts';
import type { ApiClient } from '../client/api-client.ts';

const atOnce = 24;

/** In no order. Throws `api.not-found` or what else the server refuses. */
export async function closureFromCache(
  client: Pick<ApiClient, 'open'>,
  root: StorePath,
): Promise<readonly ClosurePath[]> {
  const limit = createLimiter(atOnce);
  const seen = new Set<StorePath>();
  const found: ClosurePath[] = [];
  const visit = async (path: StorePath): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    const { narSize, references } = await limit(async () => {
      const address = `/${storePathHash(path)}.narinfo`;
      const pieces = await Array.fromAsync(await client.open(address));
      return parseNarInfo(Buffer.concat(pieces).toString('utf8'), address);
    });
    found.push({ path, narSize });
    await Promise.all(references.map(visit));
  };
  await visit(root);
  return found;
}
