import type { StorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';

/** Makes a cache keep for good what it serves out of a store. What is nowhere is for the caller to find missing. */
export async function adoptPaths(
  adopt: ((paths: readonly StorePath[], signal: AbortSignal) => Promise<void>) | undefined,
  paths: readonly StorePath[],
  signal: AbortSignal,
): Promise<void> {
  try {
    await adopt?.(paths, signal);
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'store.path-missing')) throw error;
  }
}
