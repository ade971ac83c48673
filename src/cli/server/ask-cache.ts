/**
 * Makes sure that the server's own cache answers for paths, by asking it as a client does: what is told to have been
 * built can be had.
 */

import { type StorePath, storePathHash } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';

/** Questions at a time. */
const atOnce = 16;

/** `url`: of the cache; `token`: one that may read it. Throws `cache.not-served` naming the first path that it does not answer for. */
export async function askCache(
  url: string,
  token: string,
  paths: readonly StorePath[],
  signal: AbortSignal,
): Promise<void> {
  const rest = paths.values();
  const ask = async (): Promise<void> => {
    for (const path of rest) {
      const problem = await askFor(`${url}/${storePathHash(path)}.narinfo`, token, signal);
      if (problem !== undefined) {
        throw new AppError('cache.not-served', `the cache does not answer for ${path}: ${problem}`);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, paths.length) }, ask));
}

async function askFor(url: string, token: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    // Not HEAD, after which every connection is closed.
    const response = await fetch(url, { signal, headers: { authorization: `Bearer ${token}` } });
    await response.arrayBuffer();
    const { status } = response;
    return status === 200 ? undefined : `HTTP status ${status}`;
  } catch (error) {
    signal.throwIfAborted();
    return errorMessage(error instanceof Error ? (error.cause ?? error) : error);
  }
}
