/**
 * When hosts may be begun, in local time: days and hours, also over midnight, with summer time as the clock on the wall has
 * it (a window in the hour that is left out does not open that day; one in the hour that comes twice opens twice).
 */

import { AppError } from '../../util/app-error.ts';
import type { RolloutWindow } from '../deploy-plan.ts';

const dayNames: readonly string[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const everyDay = [0, 1, 2, 3, 4, 5, 6] as const;
const minuteMs = 60_000;
const form = /^(?:([a-z]{3}(?:[-,][a-z]{3})*) +)?(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/i;

/** `22:00-06:00`, `Mon-Fri 22:00-06:00`, `Sat,Sun 08:00-20:00`. Throws `usage.invalid`. */
export function parseWindow(text: string): RolloutWindow {
  const refuse = (why: string): never => {
    throw new AppError(
      'usage.invalid',
      `wanted a window such as 22:00-06:00, 'Mon-Fri 22:00-06:00' or 'Sat,Sun 08:00-20:00', got '${text}'${why}`,
    );
  };
  const match = form.exec(text.trim());
  if (match === null) return refuse('');
  const [, days, ...numbers] = match;
  const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = numbers.map(Number);
  const from = fromHour * 60 + fromMinute;
  const to = toHour * 60 + toMinute;
  if (fromMinute > 59 || toMinute > 59 || from >= 24 * 60 || to > 24 * 60)
    return refuse(': there is no such time');
  if (from === to) return refuse(': it is never open');
  return { days: days === undefined ? everyDay : parseDays(days, refuse), from, to };
}

/** The day on which a window begins counts. */
export function isOpen(windows: readonly RolloutWindow[], at: number): boolean {
  if (windows.length === 0) return true;
  const date = new Date(at);
  const minute = date.getHours() * 60 + date.getMinutes();
  const today = date.getDay();
  const yesterday = (today + 6) % 7;
  return windows.some(({ days, from, to }) =>
    from < to
      ? days.includes(today) && minute >= from && minute < to
      : (days.includes(today) && minute >= from) || (days.includes(yesterday) && minute < to),
  );
}

/** The earliest moment at or after `at` that is in a window; undefined when there is none. Milliseconds since 1970. */
export function nextOpening(windows: readonly RolloutWindow[], at: number): number | undefined {
  if (isOpen(windows, at)) return at;
  const start = (Math.floor(at / minuteMs) + 1) * minuteMs;
  // Minute by minute, which leaves summer time to the calendar: two weeks, as one opening may fall into the hour left out.
  const last = start + 15 * 24 * 60 * minuteMs;
  for (let minute = start; minute <= last; minute += minuteMs) {
    if (isOpen(windows, minute)) return minute;
  }
  return undefined;
}

function parseDays(text: string, refuse: (why: string) => never): readonly number[] {
  const dayOf = (name: string): number => {
    const day = dayNames.indexOf(name.toLowerCase());
    return day === -1 ? refuse(`: ${name} is no day, days are Mon, Tue, Wed, Thu, Fri, Sat and Sun`) : day;
  };
  const days = text.split(',').flatMap((part) => {
    const [first = '', last, more] = part.split('-');
    if (more !== undefined) return refuse('');
    const from = dayOf(first);
    const count = last === undefined ? 1 : ((dayOf(last) - from + 7) % 7) + 1;
    return Array.from({ length: count }, (_, index) => (from + index) % 7);
  });
  return [...new Set(days)].toSorted((a, b) => a - b);
}
