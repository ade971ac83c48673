/** 1 or 0; SQLite has no booleans. */
export type Flag = number;

/** Yes and no as the database holds them. */
export function flag(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}
