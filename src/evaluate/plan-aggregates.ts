/**
 * What the aggregates of an evaluation are made of. Constituents that are named, or matched by a pattern, are looked up
 * among all jobs once these are known; an aggregate may be a constituent of another one, but never of itself.
 * Semantics and texts are Hydra's (nix-eval-jobs, src/constituents.cc), except that a broken aggregate breaks nothing
 * but what needs it.
 */

import type { StorePath } from '../nix/store-path.ts';
import type { Aggregate, ConstituentOutput } from './evaluation.ts';
import { jobGlob } from './job-glob.ts';

export interface AggregateJob {
  readonly name: string;
  readonly aggregate: Aggregate;
}

export type Member =
  /** `given`: as the aggregate has it, when it is there as a derivation. */
  | { readonly job: string; readonly given?: ConstituentOutput }
  /** A derivation that is no job. */
  | { readonly foreign: ConstituentOutput }
  | { readonly problem: string };

export interface PlannedAggregate {
  readonly name: string;
  /** Each job once, in the order of the aggregate. */
  readonly members: readonly Member[];
}

/**
 * In an order in which each comes after those that it is made of.
 * @param drvPaths of all jobs by name, aggregates included
 * @param failed names of jobs that have none
 */
export function planAggregates(
  aggregates: readonly AggregateJob[],
  drvPaths: ReadonlyMap<string, StorePath>,
  failed: Iterable<string>,
): readonly PlannedAggregate[] {
  const names = new Set([...drvPaths.keys(), ...failed]);
  const byDrvPath = shortestNames(drvPaths);
  const found = new Map(
    aggregates.map(({ name, aggregate }) => [name, lookUp(name, aggregate, names, byDrvPath)]),
  );
  return inOrder(found);
}

/** Of several jobs with the same derivation the one with the shortest name counts. */
function shortestNames(drvPaths: ReadonlyMap<string, StorePath>): ReadonlyMap<StorePath, string> {
  const shortest = new Map<StorePath, string>();
  const byLength = [...drvPaths].toSorted(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  for (const [name, drvPath] of byLength) if (!shortest.has(drvPath)) shortest.set(drvPath, name);
  return shortest;
}

function lookUp(
  self: string,
  { constituents, globs }: Aggregate,
  names: ReadonlySet<string>,
  byDrvPath: ReadonlyMap<StorePath, string>,
): readonly Member[] {
  const members = constituents.flatMap((constituent): readonly Member[] => {
    if ('drvPath' in constituent) {
      const job = byDrvPath.get(constituent.drvPath);
      return [job === undefined ? { foreign: constituent } : { job, given: constituent }];
    }
    const { name } = constituent;
    if (!globs) return [names.has(name) ? { job: name } : { problem: `${name}: does not exist` }];
    const matches = [...names].filter(jobGlob(name)).filter((match) => match !== self);
    if (matches.length === 0) return [{ problem: `${name}: constituent glob pattern had no matches` }];
    return matches.toSorted().map((job) => ({ job }));
  });
  const seen = new Set<string>();
  return members.filter((member) => {
    if (!('job' in member)) return true;
    const isNew = !seen.has(member.job);
    seen.add(member.job);
    return isNew;
  });
}

function inOrder(found: ReadonlyMap<string, readonly Member[]>): readonly PlannedAggregate[] {
  const ordered: PlannedAggregate[] = [];
  const cycles = new Map<string, string>();
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (name: string): void => {
    const members = found.get(name);
    if (members === undefined || done.has(name)) return;
    const start = path.indexOf(name);
    if (start >= 0) {
      const problem = `Dependency cycle: ${name} <-> ${path.at(-1)}`;
      for (const inCycle of path.slice(start)) if (!cycles.has(inCycle)) cycles.set(inCycle, problem);
      return;
    }
    path.push(name);
    for (const member of members) if ('job' in member) visit(member.job);
    path.pop();
    done.add(name);
    const cycle = cycles.get(name);
    ordered.push({ name, members: cycle === undefined ? members : [{ problem: cycle }] });
  };
  for (const name of [...found.keys()].toSorted()) visit(name);
  return ordered;
}
