import { parseSeconds } from '../../config/parse-seconds.ts';
import { AppError } from '../../util/app-error.ts';

/** When something ends that lasts as long as `--expires` says; null without it. Throws `usage.invalid`. */
export function expiryOf(text: string | undefined, now: number): number | null {
  if (text === undefined) return null;
  try {
    return now + parseSeconds(text) * 1000;
  } catch {
    throw new AppError('usage.invalid', `--expires wants a time such as "90 d" or "12 h"; got '${text}'`);
  }
}
