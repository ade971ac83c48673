import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isOpen, nextOpening, parseWindow } from './rollout-window.ts';

let zone: string | undefined;
beforeAll(() => {
  zone = process.env.TZ;
  process.env.TZ = 'Europe/Copenhagen';
});
afterAll(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

const at = (text: string) => new Date(text).getTime();
const opening = (window: string, from: string) => {
  const time = nextOpening([parseWindow(window)], at(from));
  return time === undefined ? undefined : new Date(time).toISOString();
};

describe('parseWindow', () => {
  it.each([
    ['22:00-06:00', { days: [0, 1, 2, 3, 4, 5, 6], from: 1320, to: 360 }],
    ['Mon-Fri 9:30-24:00', { days: [1, 2, 3, 4, 5], from: 570, to: 1440 }],
    ['sat,SUN 00:00-08:00', { days: [0, 6], from: 0, to: 480 }],
    ['Fri-Mon,Wed 01:00-02:00', { days: [0, 1, 3, 5, 6], from: 60, to: 120 }],
  ])('%s', (text, window) => {
    expect(parseWindow(text)).toEqual(window);
  });

  it.each([
    ['', ''],
    ['nights', ''],
    ['Mon- 10:00-11:00', ''],
    ['Mon-Tue-Wed 10:00-11:00', ''],
    ['Day 10:00-11:00', 'Day is no day'],
    ['10:00-10:00', 'it is never open'],
    ['24:00-06:00', 'there is no such time'],
    ['10:60-11:00', 'there is no such time'],
    ['10:00-25:00', 'there is no such time'],
  ])('refuses %j', (text, why) => {
    expect(() => parseWindow(text)).toThrow(`wanted a window such as 22:00-06:00`);
    expect(() => parseWindow(text)).toThrow(why);
  });
});

describe('a window', () => {
  it('is open from its first minute to the one before its last, in local time', () => {
    const windows = [parseWindow('09:00-17:00')];

    expect(isOpen(windows, at('2026-01-05T08:59:59+01:00'))).toBe(false);
    expect(isOpen(windows, at('2026-01-05T09:00:00+01:00'))).toBe(true);
    expect(isOpen(windows, at('2026-01-05T16:59:59+01:00'))).toBe(true);
    expect(isOpen(windows, at('2026-01-05T17:00:00+01:00'))).toBe(false);
  });

  it('over midnight belongs to the day on which it begins', () => {
    const windows = [parseWindow('Fri 22:00-06:00')];

    expect(isOpen(windows, at('2026-01-09T23:00:00+01:00'))).toBe(true);
    expect(isOpen(windows, at('2026-01-10T05:59:00+01:00'))).toBe(true);
    expect(isOpen(windows, at('2026-01-09T05:00:00+01:00'))).toBe(false);
    expect(isOpen(windows, at('2026-01-10T23:00:00+01:00'))).toBe(false);
  });

  it('is always open when there is none', () => {
    expect(isOpen([], 0)).toBe(true);
    expect(nextOpening([], 12_345)).toBe(12_345);
  });
});

describe('the next opening', () => {
  it('is now inside of a window, else its first minute, also days from now', () => {
    expect(opening('09:00-17:00', '2026-01-05T10:00:30+01:00')).toBe('2026-01-05T09:00:30.000Z');
    expect(opening('09:00-17:00', '2026-01-05T08:59:30+01:00')).toBe('2026-01-05T08:00:00.000Z');
    expect(opening('Sun 22:00-23:00', '2026-01-05T08:00:00+01:00')).toBe('2026-01-11T21:00:00.000Z');
  });

  it('of several windows is the earliest', () => {
    const windows = ['Sun 01:00-02:00', 'Tue 03:00-04:00'].map(parseWindow);

    expect(nextOpening(windows, at('2026-01-05T08:00:00+01:00'))).toBe(at('2026-01-06T03:00:00+01:00'));
  });

  it('passes by the hour that summer time leaves out', () => {
    expect(opening('02:10-02:50', '2026-03-28T12:00:00+01:00')).toBe('2026-03-30T00:10:00.000Z');
    expect(opening('02:30-04:00', '2026-03-28T12:00:00+01:00')).toBe('2026-03-29T01:00:00.000Z');
  });

  it('comes twice in the hour that winter time repeats', () => {
    expect(opening('02:10-02:50', '2026-10-24T12:00:00+02:00')).toBe('2026-10-25T00:10:00.000Z');
    expect(opening('02:10-02:50', '2026-10-25T02:50:00+02:00')).toBe('2026-10-25T01:10:00.000Z');
  });

  it('is never for days that there are not', () => {
    expect(nextOpening([{ days: [], from: 0, to: 60 }], 0)).toBeUndefined();
  });
});
