/** The error for what does not fit the worker protocol. */

import { AppError } from '../util/app-error.ts';

/** `store.protocol`: what came, in words, where something else was due. */
export function protocolError(what: string): AppError {
  return new AppError('store.protocol', what);
}
