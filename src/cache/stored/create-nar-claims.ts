/**
 * Lets one process at a time make a file of a content. Who makes it has a claim in the database, and renews it while it
 * lives; one that was killed loses it half a minute later. The others wait, and look whether the file is there by now.
 */

import { randomUUID } from 'node:crypto';
import type { Database } from '../../db/database.ts';
import { pause } from '../../util/pause.ts';

export interface NarClaimsDeps {
  readonly database: Pick<Database, 'storedNars'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** How long a claim lasts unless it is renewed, and how often others look. */
  readonly spanMs?: number;
  readonly lookMs?: number;
}

export interface NarClaims {
  /** Waits for the claim, and has it until `work` has ended; `found` ends the waiting with what others have made. */
  hold<T>(narHash: string, found: () => Promise<T | undefined>, work: () => Promise<T>): Promise<T>;
}

export function createNarClaims(deps: NarClaimsDeps): NarClaims {
  const { database, now, signal, spanMs = 30_000, lookMs = 250 } = deps;
  const { storedNars } = database;
  const owner = randomUUID();
  const take = (narHash: string): Promise<boolean> => {
    const at = now();
    return storedNars.claim(narHash, owner, { now: at, until: at + spanMs });
  };

  return {
    async hold(narHash, found, work) {
      while (!(await take(narHash))) {
        await pause(lookMs, signal);
        const made = await found();
        if (made !== undefined) return made;
      }
      // A claim that cannot be renewed is not worth giving the work up: at worst somebody does the same.
      const renewing = setInterval(() => void take(narHash).catch(() => {}), spanMs / 3).unref();
      try {
        return (await found()) ?? (await work());
      } finally {
        clearInterval(renewing);
        // One that stays is over by itself.
        await storedNars.release(narHash, owner).catch(() => {});
      }
    },
  };
}
