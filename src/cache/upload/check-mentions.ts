/**
 * Refuses a path whose content mentions another one of its cache, and whose narinfo does not say that it refers to it: who
 * downloads it would not get the other, and the other could be let go. Nix finds such references by itself when it builds;
 * without them a path has been made up, or its references were thrown away.
 *
 * A path with a content address is left alone, as its name follows from the references it says it has: derivations and
 * sources mention paths that they do not refer to. So is what a path says of itself. References that do not occur are fine.
 */

import { storePathHash } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import type { OfferedPath } from './offered-path.ts';

export interface MentionDeps {
  /** Hash parts of paths that its NAR mentions. */
  readonly mentions: () => Promise<readonly string[]>;
  /** The paths of those hash parts, of those that the cache has. */
  readonly pathsOf: (hashParts: readonly string[]) => Promise<readonly string[]>;
}

/** Paths that a message names. */
const named = 3;

/** Throws `cache.references-undeclared`. */
export async function checkMentions(offer: OfferedPath, { mentions, pathsOf }: MentionDeps): Promise<void> {
  const { path, references, contentAddress } = offer;
  if (contentAddress !== undefined) return;
  const declared = new Set([path, ...references].map(storePathHash));
  const others = (await mentions()).filter((hashPart) => !declared.has(hashPart));
  const undeclared = others.length === 0 ? [] : await pathsOf(others);
  if (undeclared.length === 0) return;
  const more = undeclared.length > named ? ` and ${undeclared.length - named} more` : '';
  throw new AppError(
    'cache.references-undeclared',
    `${path} mentions ${undeclared.slice(0, named).join(', ')}${more}, and its narinfo does not say that it refers to that`,
  );
}
