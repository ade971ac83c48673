/**
 * Ids in the scheduler for what evaluations import from derivations: builds without a row. They are higher than the id
 * of any row, so that a step which a build wants too is recorded as that build's.
 */

const firstId = 2 ** 52;
let next = firstId;

/** A new one; never twice in a process. */
export function newImportId(): number {
  next += 1;
  return next;
}

export function isImportId(id: number): boolean {
  return id >= firstId;
}
