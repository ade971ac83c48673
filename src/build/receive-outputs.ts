/**
 * Brings what was built on another machine into our store, which trusts it from then on. So nothing comes in but the
 * outputs that were asked for, each with the content its path stands for as far as that can be told: the NAR that the
 * builder names (checked as it passes), and for a fixed output the content that the derivation fixes (checked by Nix,
 * as the path is imported with that content address). What is not so is the builder's fault.
 */

import type { DerivationOutput } from '../nix/derivation.ts';
import { formatHash, parseHash } from '../nix/hash.ts';
import type { StorePath } from '../nix/store-path.ts';
import { copyPaths } from '../store/copy-paths.ts';
import type { PathInfo, Store, TempRootLease } from '../store/store.ts';
import { AppError } from '../util/app-error.ts';

export interface ReceiveOptions {
  readonly from: Store;
  readonly to: Store;
  readonly outputs: ReadonlyMap<string, DerivationOutput>;
  readonly infos: ReadonlyMap<StorePath, PathInfo>;
  readonly sourceLease: Pick<TempRootLease, 'add'> | undefined;
  readonly signal: AbortSignal;
  /** Told whenever some of it has come. */
  readonly onMoved: () => void;
}

/** Throws `store.corrupt` when an output is not what was asked for, and what either store says. */
export async function receiveOutputs(options: ReceiveOptions): Promise<void> {
  const { from, to, outputs, infos, signal, onMoved } = options;
  for (const [name, output] of outputs) {
    const info = output.path === undefined ? undefined : infos.get(output.path);
    const wanted = fixedAddress(output);
    if (info === undefined || wanted === undefined || info.contentAddress === wanted) continue;
    throw new AppError(
      'store.corrupt',
      `${from.name} says it built the output ${name}, ${info.path}; it has the content address ` +
        `${info.contentAddress || '(none)'} there, where the derivation wants ${wanted}`,
    );
  }
  await copyPaths({
    from,
    to,
    roots: [...infos.keys()],
    exactly: true,
    withoutSignatureCheck: true,
    sourceLease: options.sourceLease,
    emit: onMoved,
    signal,
  });
}

/** What Nix calls the content of a fixed output: `fixed:r:sha256:<nix32>`; undefined for outputs that are not fixed. */
function fixedAddress({ hashAlgorithm, hash }: DerivationOutput): string | undefined {
  if (hash === '') return undefined;
  const [, method = '', algorithm = ''] = /^(r:|text:)?(.+)$/.exec(hashAlgorithm) ?? [];
  const parsed = formatHash(parseHash(`${algorithm}:${hash}`), 'nix32');
  return method === 'text:' ? `text:${parsed}` : `fixed:${method}${parsed}`;
}
