/** The requests that have not settled, and how they do: once, by an outcome, a fault, or by being cancelled. */

import type { StorePath } from '../nix/store-path.ts';
import type { BuildOutcome } from './build-queue.ts';
import type { BuildRequest } from './build-request.ts';
import type { BuildTicket } from './scheduler.ts';

export interface RequestBook {
  readonly size: number;
  /** `request.state` is `queued`. */
  open(drvPath: StorePath, ticket?: BuildTicket): BuildRequest;
  find(id: number): BuildRequest | undefined;
  /** Does nothing when it has settled already. */
  settle(request: BuildRequest, outcome: BuildOutcome | Error): void;
  settleAll(error: Error): void;
}

export interface RequestBookOptions {
  readonly onCancel: (request: BuildRequest) => void;
  /** What an outcome waits for before it is told. */
  readonly written: () => Promise<void>;
}

export function createRequestBook({ onCancel, written }: RequestBookOptions): RequestBook {
  const open = new Map<BuildRequest, (outcome: BuildOutcome | Error) => void>();
  const byId = new Map<number, BuildRequest>();
  let count = 0;
  return {
    get size() {
      return open.size;
    },
    open(drvPath, ticket) {
      const waiting = Promise.withResolvers<BuildOutcome>();
      const request: BuildRequest = {
        drvPath,
        number: ++count,
        ticket,
        // Somebody waits for what has no ticket.
        globalPriority: ticket?.globalPriority ?? Number.POSITIVE_INFINITY,
        priority: ticket?.priority ?? 0,
        state: 'queued',
        outcome: waiting.promise,
      };
      const cancel = (): void => onCancel(request);
      open.set(request, (outcome) => {
        ticket?.signal?.removeEventListener('abort', cancel);
        if (outcome instanceof Error) waiting.reject(outcome);
        else void written().then(() => waiting.resolve(outcome));
      });
      if (ticket !== undefined) byId.set(ticket.id, request);
      ticket?.signal?.addEventListener('abort', cancel, { once: true });
      return request;
    },
    find: (id) => byId.get(id),
    settle(request, outcome) {
      const tell = open.get(request);
      open.delete(request);
      request.state = 'settled';
      const id = request.ticket?.id;
      if (id !== undefined && byId.get(id) === request) byId.delete(id);
      tell?.(outcome);
    },
    settleAll(error) {
      for (const request of open.keys()) this.settle(request, error);
    },
  };
}
