/** The one error class. What can go wrong is listed in the catalogue; everything else is a bug. */

import { type ErrorCode, errorCatalogue } from './error-catalogue.ts';

interface AppErrorOptions {
  readonly cause?: unknown;
  /** Replaces the catalogue's hint where something more exact can be said. */
  readonly hint?: string;
}

/**
 * A failure that people are told about. `message` says what was wanted, what was got and where; `hint` says what
 * to do next; `cause` keeps the original error.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? errorCatalogue[code].hint;
  }

  get status(): number {
    return errorCatalogue[this.code].status;
  }

  get exitCode(): number {
    return errorCatalogue[this.code].exit;
  }
}
