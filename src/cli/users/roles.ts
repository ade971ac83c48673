/** The roles that `ci/access/may.ts` gives a meaning. */

export const knownRoles: readonly string[] = [
  'admin',
  'create-projects',
  'eval-jobset',
  'restart-jobs',
  'cancel-build',
  'bump-to-front',
  'roll-out',
];
