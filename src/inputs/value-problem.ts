/** What a parser has against a value, as `InputPlugin.check` says it. */

import { AppError } from '../util/app-error.ts';

/** The message of the `input.invalid` that `parse` throws; `undefined` when it throws none. */
export function valueProblem(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (error instanceof AppError && error.code === 'input.invalid') return error.message;
    throw error;
  }
}

/** `wanted` is a phrase ("a URI, then …"); the value is quoted, but not for ever, and without what may be a password. */
export function invalidValue(wanted: string, value: string): AppError {
  const got =
    value.trim() === '' ? 'nothing' : JSON.stringify(value.replace(/\/\/.*@/s, '//…@').slice(0, 200));
  return new AppError('input.invalid', `wanted ${wanted}, got ${got}`);
}
