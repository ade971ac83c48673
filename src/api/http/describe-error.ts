/**
 * What a client is told of an error. Faults of ours that are no `AppError` are told apart from those of the request,
 * but not what they are: that goes to the server's log.
 */

import { HTTPException } from 'hono/http-exception';
import { AppError } from '../../util/app-error.ts';

export interface ErrorDescription {
  readonly status: number;
  readonly error: string;
  readonly code: string;
  readonly hint: string;
  readonly isOurFault: boolean;
}

export function describeError(error: unknown): ErrorDescription {
  if (error instanceof AppError) {
    const { status, message, code, hint } = error;
    return { status, error: message, code, hint, isOurFault: status >= 500 };
  }
  if (error instanceof HTTPException && error.status < 500) {
    const hint = 'The address and the headers of the request are not right.';
    return { status: error.status, error: error.message, code: 'api.invalid', hint, isOurFault: false };
  }
  return {
    status: 500,
    error: 'The server has a fault; its log says more.',
    code: 'internal',
    hint: 'Please report it, with what the log says.',
    isOurFault: true,
  };
}
