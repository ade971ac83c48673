/**
 * Every way in which Proteus can fail, by code: one sentence for people, the HTTP status and the exit code it
 * maps to, and what to do next. An `AppError` always carries one of these codes; its own message adds what was
 * wanted, what came, and where. `docs/reference/errors.md` is generated from this table.
 */

import { checkErrors } from './errors/check-errors.ts';
import { copyErrors } from './errors/copy-errors.ts';
import { fleetErrors } from './errors/fleet-errors.ts';
import { hostErrors } from './errors/host-errors.ts';
import { rolloutErrors } from './errors/rollout-errors.ts';
import { serverErrors } from './errors/server-errors.ts';
import { sessionErrors } from './errors/session-errors.ts';
import { storageErrors } from './errors/storage-errors.ts';
import { storeErrors } from './errors/store-errors.ts';
import { uploadErrors } from './errors/upload-errors.ts';
import { workErrors } from './errors/work-errors.ts';

export const errorCatalogue = {
  ...storeErrors,
  ...workErrors,
  ...hostErrors,
  ...sessionErrors,
  ...rolloutErrors,
  ...fleetErrors,
  ...copyErrors,
  ...serverErrors,
  ...storageErrors,
  ...uploadErrors,
  ...checkErrors,
} as const;

export type ErrorCode = keyof typeof errorCatalogue;
