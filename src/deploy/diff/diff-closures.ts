/** What differs between two systems: packages and their versions, how large both are, what would have to be sent. Pure. */

import { compareVersions } from '../../nix/compare-versions.ts';
import { parsePackageName } from '../../nix/parse-package-name.ts';
import { type StorePath, storePathName } from '../../nix/store-path.ts';

export interface ClosurePath {
  readonly path: StorePath;
  /** Bytes of its NAR. */
  readonly narSize: number;
}

/** `changed`: other versions, of which none is plainly the newer. */
export type PackageChange = 'added' | 'removed' | 'up' | 'down' | 'changed';

export interface ChangedPackage {
  readonly name: string;
  readonly change: PackageChange;
  /** In Nix's order; `''` for one that tells none. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface ClosureDiff {
  /** By name. */
  readonly packages: readonly ChangedPackage[];
  /** Names with the same versions and other paths: built anew, or configured in another way. */
  readonly rebuilt: readonly string[];
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** What only the new one has. */
  readonly newPaths: number;
  readonly newBytes: number;
}

export function diffClosures(before: readonly ClosurePath[], after: readonly ClosurePath[]): ClosureDiff {
  const old = new Set(before.map(({ path }) => path));
  const kept = new Set(after.map(({ path }) => path));
  const fresh = after.filter(({ path }) => !old.has(path));
  // Paths that both have tell nothing; versions of a package are compared with all that it has on each side, though.
  const names = new Set(
    [...fresh, ...before.filter(({ path }) => !kept.has(path))].map(({ path }) => packageOf(path).name),
  );
  const [left, right] = [versionsOf(before, names), versionsOf(after, names)];
  const packages: ChangedPackage[] = [];
  const rebuilt: string[] = [];
  for (const name of [...names].sort()) {
    const [was, is] = [left.get(name) ?? [], right.get(name) ?? []];
    const change = changeOf(was, is);
    if (change === undefined) rebuilt.push(name);
    else packages.push({ name, change, before: was, after: is });
  }
  return {
    packages,
    rebuilt,
    bytesBefore: sizeOf(before),
    bytesAfter: sizeOf(after),
    newPaths: fresh.length,
    newBytes: sizeOf(fresh),
  };
}

function packageOf(path: StorePath): ReturnType<typeof parsePackageName> {
  return parsePackageName(storePathName(path));
}

function versionsOf(
  paths: readonly ClosurePath[],
  names: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  const versions = new Map<string, Set<string>>();
  for (const { path } of paths) {
    const { name, version } = packageOf(path);
    if (!names.has(name)) continue;
    const known = versions.get(name);
    if (known === undefined) versions.set(name, new Set([version]));
    else known.add(version);
  }
  return new Map([...versions].map(([name, set]) => [name, [...set].sort(compareVersions)]));
}

/** Undefined: nothing of the versions. */
function changeOf(before: readonly string[], after: readonly string[]): PackageChange | undefined {
  if (before.length === 0) return 'added';
  if (after.length === 0) return 'removed';
  if (before.join('\n') === after.join('\n')) return undefined;
  const order = compareVersions(before.at(-1) ?? '', after.at(-1) ?? '');
  if (order === 0) return 'changed';
  return order < 0 ? 'up' : 'down';
}

function sizeOf(paths: readonly ClosurePath[]): number {
  return paths.reduce((sum, { narSize }) => sum + narSize, 0);
}
