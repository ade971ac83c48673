/** The value of a key that must be there, since it was written or read in the same transaction. */
export function known<K, V>(values: ReadonlyMap<K, V>, key: K): V {
  const value = values.get(key);
  if (value === undefined) throw new TypeError(`nothing is known of ${String(key)} within its transaction`);
  return value;
}
