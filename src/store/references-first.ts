/** The order in which paths can be added to a store: what is referred to comes first. */

import type { StorePath } from '../nix/store-path.ts';
import type { PathInfo } from './store.ts';

/**
 * Sorts so that every path comes after all that it refers to. References outside of `infos` are left alone; the order
 * is the same for the same input. Cycles cannot be, save of a path with itself.
 */
export function referencesFirst(infos: Iterable<PathInfo>): PathInfo[] {
  const byPath = new Map<StorePath, PathInfo>();
  for (const info of infos) byPath.set(info.path, info);
  const sorted: PathInfo[] = [];
  const seen = new Set<StorePath>();
  // A stack of our own: chains of references can be longer than the call stack is deep.
  for (const root of byPath.values()) {
    const stack = seen.has(root.path) ? [] : [enter(root)];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { value: reference } = top.rest.next();
      if (reference === undefined) {
        sorted.push(top.info);
        stack.pop();
        continue;
      }
      const info = byPath.get(reference);
      if (info !== undefined && !seen.has(reference)) stack.push(enter(info));
    }
  }
  return sorted;

  function enter(info: PathInfo): { readonly info: PathInfo; readonly rest: Iterator<StorePath> } {
    seen.add(info.path);
    return { info, rest: info.references.values() };
  }
}
