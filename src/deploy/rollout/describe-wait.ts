/** What a rollout waits for, in words. */

import type { Wait } from './decide-next.ts';

/** `until` is told in local time, with the day when that is another one. */
export function describeWait(wait: Wait | undefined, now: number): string {
  switch (wait?.state) {
    case undefined:
      return 'going on';
    case 'paused':
      return 'paused: no host is begun until the rollout is resumed';
    case 'soaking':
      return `soaking: the next wave begins${until(wait, now)}`;
    case 'outside-window':
      return `outside the windows: no host is begun${wait.until === undefined ? ' any more' : ` before${until(wait, now)}`}`;
  }
}

function until(wait: Wait, now: number): string {
  if (wait.until === undefined) return '';
  const date = new Date(wait.until);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const isToday = date.toDateString() === new Date(now).toDateString();
  return ` ${wait.state === 'soaking' ? 'at ' : ''}${isToday ? '' : `${day} `}${clock}`;
}
