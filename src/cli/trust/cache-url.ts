/** The address of a binary cache as a user gives it, without a slash at its end; throws `usage.invalid`. */

import { AppError } from '../../util/app-error.ts';

export function cacheUrl(text: string): string {
  const url = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.search === '' && url.hash === '') return url.href.replace(/\/+$/, '');
  throw new AppError(
    'usage.invalid',
    `wanted the address of a binary cache such as https://cache.example.org, got '${text}'`,
  );
}
