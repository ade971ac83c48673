/** How long ago something was, for people. */

import { formatDuration } from '../../util/format-duration.ts';

/** `seconds` since 1970, `now` in milliseconds. */
export function ago(seconds: number | null, now: number): string {
  if (seconds === null) return 'never';
  const passed = Math.floor(now / 1000) - seconds;
  return passed < 1 ? 'just now' : `${formatDuration(passed * 1000)} ago`;
}
