/**
 * Fetching from a repository of whatever kind: it is asked which revision is meant, and what was not in the store before
 * is checked out and added.
 *
 * One fetch at a time per repository, also between processes; all that is kept of it is beside each other, under a name
 * made of its address: `ID.lock`, `ID.json` (which revisions are at which store paths), `ID.work` (a checkout under
 * way; one that was killed leaves it, and the next one removes it).
 */

import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { addTree } from './add-tree.ts';
import { findFetched, rememberFetched } from './fetched-paths.ts';
import { holdLock } from './hold-lock.ts';
import type { InputDeps, InputSpec, ResolvedInput } from './input.ts';
import { defaultTimeoutMs, within } from './within.ts';

export interface RepositoryPlace {
  /** Where what is kept of the repository is, to be followed by a suffix. */
  readonly base: string;
  /** Its signal fires when the time is over, too. */
  readonly deps: InputDeps & { readonly signal: AbortSignal };
}

export interface FoundRevision {
  readonly revision: string;
  /** What Nix gets besides the address. */
  readonly attributes: Readonly<Record<string, string | number>>;
}

export interface RepositoryKind<T extends FoundRevision> {
  /** Tells repositories apart; what is fetched with one is not given to whoever names another. */
  readonly identity: string;
  /** For people and for Nix, without a password. */
  readonly address: string;
  /** What besides the revision makes another checkout. */
  readonly variant?: string;
  readonly timeoutMs?: number | undefined;
  /** Asks which revision is meant. */
  find(place: RepositoryPlace): Promise<T>;
  /** Makes a folder with it, which is not there yet; beside it is room for other files. */
  checkOut(place: RepositoryPlace, found: T, tree: string): Promise<void>;
}

/** Throws `input.fetch`, `interrupted`, and what the kind throws. */
export async function fetchRepository<T extends FoundRevision>(
  spec: InputSpec,
  deps: InputDeps,
  kind: RepositoryKind<T>,
): Promise<ResolvedInput> {
  const { address } = kind;
  const base = repositoryBase(deps.cacheDirectory, spec.type, kind.identity);
  // Only we: some of these programs keep the address as it was written.
  await mkdir(join(deps.cacheDirectory, spec.type), { recursive: true, mode: 0o700 });
  // Waiting for another fetch of the same repository is not counted: it has a time limit of its own.
  await using _lock = await holdLock(`${base}.lock`, deps.signal);
  const timeoutMs = kind.timeoutMs ?? deps.timeoutMs ?? defaultTimeoutMs;
  // Awaited here: the lock is to be held until it is done.
  return await within(timeoutMs, `fetching ${address}`, deps.signal, async (signal) => {
    const place = { base, deps: { ...deps, signal } };
    const found = await kind.find(place);
    const { revision, attributes } = found;
    const key = kind.variant === undefined ? revision : `${revision} ${kind.variant}`;
    const { storePath, sha256 } =
      (await findFetched(`${base}.json`, key, place.deps)) ??
      (await addRevision(place, key, (tree) => kind.checkOut(place, found, tree)));
    return {
      name: spec.name,
      type: spec.type,
      value: { kind: 'path', storePath, attributes: { uri: address, ...attributes } },
      uri: address,
      revision,
      sha256,
      dependency: null,
    };
  });
}

/** Where what is kept of a repository is. */
export function repositoryBase(cacheDirectory: string, type: string, identity: string): string {
  return join(cacheDirectory, type, createHash('sha256').update(identity).digest('hex'));
}

async function addRevision(
  { base, deps }: RepositoryPlace,
  key: string,
  checkOut: (tree: string) => Promise<void>,
): ReturnType<typeof addTree> {
  const work = `${base}.work`;
  await rm(work, { recursive: true, force: true });
  try {
    await mkdir(work);
    // The name that Hydra gives to checkouts in the store.
    const tree = join(work, 'source');
    await checkOut(tree);
    const added = await addTree(tree, 'source', deps);
    await rememberFetched(`${base}.json`, { key, ...added });
    return added;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
