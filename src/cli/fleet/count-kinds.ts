/** `97 deployed, 2 failed`: how many there are of each, in the order in which they come. Pure. */

export function countKinds(kinds: readonly string[]): string {
  const counts = Object.entries(Object.groupBy(kinds, (kind) => kind));
  return counts.map(([kind, all = []]) => `${all.length} ${kind}`).join(', ');
}
