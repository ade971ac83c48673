import { type ErrorCode, errorCatalogue } from './error-catalogue.ts';

/** Whether a code that came from elsewhere, another process or a server, is one of ours. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}
