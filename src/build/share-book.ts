/**
 * How much of its share each jobset uses: builder seconds, really counted while steps run, for each of its shares.
 * What was used before is told from outside (`set`), which is also how old use is forgotten. A step that has only just
 * started counts for a second at once, so that jobsets take turns also when many slots are free at the same moment.
 */

export interface ShareBook {
  set(share: number, of: { readonly shares: number; readonly usedSeconds: number }): void;
  /** A step starts on behalf of the jobset; to be called when it ends. */
  begin(share: number): () => void;
  /** Seconds for each share. */
  used(share: number): number;
}

interface Account {
  shares: number;
  seconds: number;
  running: number;
  /** Sum over the running steps of when they started, in seconds. */
  started: number;
}

const headStartSeconds = 1;

export function createShareBook(now: () => number): ShareBook {
  const accounts = new Map<number, Account>();
  const account = (share: number): Account => {
    const found = accounts.get(share) ?? { shares: 1, seconds: 0, running: 0, started: 0 };
    accounts.set(share, found);
    return found;
  };
  return {
    set(share, { shares, usedSeconds }) {
      const of = account(share);
      of.shares = Math.max(shares, 1);
      of.seconds = usedSeconds;
    },
    begin(share) {
      const of = account(share);
      const start = now() / 1000;
      of.running += 1;
      of.started += start;
      return () => {
        of.running -= 1;
        of.started -= start;
        of.seconds += Math.max(0, now() / 1000 - start);
      };
    },
    used(share) {
      const { shares, seconds, running, started } = account(share);
      return (seconds + running * (now() / 1000 + headStartSeconds) - started) / shares;
    },
  };
}
