/**
 * The paths of one cache and what they refer to, in memory while it is decided which of them stay. Pure. Made for a
 * million paths: numbers and arrays, not objects.
 */

export interface GraphPath {
  readonly hashPart: string;
  readonly path: string;
  readonly narSize: number;
  readonly fileHash: string;
  /** Hash parts. */
  readonly references: readonly string[];
  readonly lastUsedAt: number;
}

export interface PathGraph {
  add(path: GraphPath): void;
  /**
   * Marks what stays: each that `isRoot`, with all it refers to. Says the others in an order in which they can be taken
   * away: none before all of those that refer to it. Paths that refer to each other in a circle come together at the end.
   */
  sweep(isRoot: (path: GraphPath) => boolean): Swept;
}

export interface Swept {
  readonly kept: readonly GraphPath[];
  readonly gone: readonly GraphPath[];
  /** How many at the end of `gone` can only go all at once. */
  readonly together: number;
}

export function createPathGraph(): PathGraph {
  const paths = new Map<string, GraphPath>();

  return {
    add(path) {
      paths.set(path.hashPart, path);
    },
    sweep(isRoot) {
      const kept = new Set<string>();
      const toVisit = [...paths.values()].filter(isRoot).map(({ hashPart }) => hashPart);
      for (let next = toVisit.pop(); next !== undefined; next = toVisit.pop()) {
        if (kept.has(next)) continue;
        kept.add(next);
        for (const reference of paths.get(next)?.references ?? []) toVisit.push(reference);
      }
      const dead = [...paths.values()].filter(({ hashPart }) => !kept.has(hashPart));
      const { ordered, together } = referrersFirst(dead);
      return {
        kept: [...paths.values()].filter(({ hashPart }) => kept.has(hashPart)),
        gone: ordered,
        together,
      };
    },
  };
}

function referrersFirst(dead: readonly GraphPath[]): {
  readonly ordered: readonly GraphPath[];
  readonly together: number;
} {
  const byHashPart = new Map(dead.map((path) => [path.hashPart, path]));
  const referrers = new Map<string, number>();
  const deadReferences = ({ hashPart, references }: GraphPath): readonly string[] =>
    [...new Set(references)].filter((reference) => reference !== hashPart && byHashPart.has(reference));
  for (const path of dead) {
    for (const reference of deadReferences(path))
      referrers.set(reference, (referrers.get(reference) ?? 0) + 1);
  }
  const ordered = dead.filter(({ hashPart }) => !referrers.has(hashPart));
  for (const path of ordered) {
    byHashPart.delete(path.hashPart);
    for (const reference of deadReferences(path)) {
      const left = (referrers.get(reference) ?? 0) - 1;
      referrers.set(reference, left);
      const freed = byHashPart.get(reference);
      if (left === 0 && freed !== undefined) ordered.push(freed);
    }
  }
  const circles = [...byHashPart.values()];
  return { ordered: [...ordered, ...circles], together: circles.length };
}
