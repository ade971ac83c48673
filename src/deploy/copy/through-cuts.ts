/**
 * Copies to a host, or has it build, through connections that break: what has arrived or was built there stays, so that
 * asking again does the rest.
 */

import { AppError } from '../../util/app-error.ts';
import { defaultPatienceMs, isLost, persist } from '../activation/persist.ts';
import type { Copied } from '../rollout/host-steps.ts';
import type { HostSession } from '../session/host-session.ts';
import type { CopyOptions } from './create-fleet-copier.ts';

/** Connections that break again and again will not do it. */
const mostTries = 10;

/**
 * What `work` gives in the end: of the last try only. Throws what it throws, for a connection that broke once the host has
 * been out of reach for too long, or it broke too often.
 */
export function throughCuts(
  session: Pick<HostSession, 'reset'>,
  work: (options: CopyOptions) => Promise<Copied>,
  { signal, onLine, emit }: CopyOptions,
  patienceMs = defaultPatienceMs,
): Promise<Copied> {
  const tryOnce = async (heard: () => void): Promise<Copied> => {
    // A build may be silent for hours: what counts is that the host was there this time.
    let wasThere = false;
    const options: CopyOptions = {
      signal,
      onLine(line) {
        wasThere = true;
        onLine(line);
      },
      emit(event) {
        wasThere = true;
        emit(event);
      },
    };
    try {
      return await work(options);
    } finally {
      if (wasThere) heard();
    }
  };
  return persist(session, tryOnce, { signal, onLine, patienceMs, mostTries, isLost: isCut });
}

/** What goes over the store's own connection tells its end in other words than commands do. */
function isCut(error: unknown): boolean {
  return isLost(error) || (error instanceof AppError && error.code === 'store.unreachable');
}
