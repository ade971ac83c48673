/**
 * Slows down those who guess passwords. Failures are counted per user name and per address; each has a few tries free,
 * then must wait, twice as long after every further failure. Somebody's guessing from afar makes the user himself
 * wait a little at most, the guesser much longer. A success or an hour of peace forgets.
 *
 * Memory is bounded: of very many, those seen longest ago are forgotten first.
 */

export interface LoginThrottle {
  /** Milliseconds until the next try is let through; 0: now. */
  wait(user: string, address: string): number;
  failed(user: string, address: string): void;
  succeeded(user: string, address: string): void;
}

interface Failures {
  readonly count: number;
  readonly last: number;
}

interface Policy {
  readonly free: number;
  readonly longest: number;
}

const perUser: Policy = { free: 10, longest: 15_000 };
const perAddress: Policy = { free: 5, longest: 600_000 };
const forgetAfter = 3_600_000;

export function createLoginThrottle({
  now,
  maxEntries = 10_000,
}: {
  readonly now: () => number;
  readonly maxEntries?: number;
}): LoginThrottle {
  const failures = new Map<string, Failures>();

  const wait = (key: string, { free, longest }: Policy): number => {
    const entry = failures.get(key);
    if (entry === undefined || entry.count < free) return 0;
    const pause = Math.min(1000 * 2 ** (entry.count - free), longest);
    return Math.max(0, entry.last + pause - now());
  };
  const count = (key: string): void => {
    const entry = failures.get(key);
    const recent = entry !== undefined && now() - entry.last < forgetAfter;
    failures.delete(key);
    failures.set(key, { count: (recent ? entry.count : 0) + 1, last: now() });
    for (const oldest of failures.keys()) {
      if (failures.size <= maxEntries) break;
      failures.delete(oldest);
    }
  };
  const keys = (user: string, address: string): readonly [string, string] => [
    `user ${user.slice(0, 255)}`,
    `address ${network(address)}`,
  ];

  return {
    wait(user, address) {
      const [userKey, addressKey] = keys(user, address);
      return Math.max(wait(userKey, perUser), wait(addressKey, perAddress));
    },
    failed(user, address) {
      for (const key of keys(user, address)) count(key);
    },
    succeeded(user, address) {
      for (const key of keys(user, address)) failures.delete(key);
    },
  };
}

/** Who has one IPv6 address has all of its /64. */
function network(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':');
  if (tail === undefined) return groups.slice(0, 4).join(':');
  const known = groups.length + (tail === '' ? 0 : tail.split(':').length);
  return [...groups, ...Array<string>(Math.max(0, 8 - known)).fill('0'), ...tail.split(':')]
    .slice(0, 4)
    .join(':');
}
