/** Steps and requests out of nothing but a name, for unit tests. */

import { parseStorePath, type StorePath } from '../../nix/store-path.ts';
import type { BuildRequest } from '../build-request.ts';
import type { BuildStep } from '../build-step.ts';
import type { BuildTicket } from '../scheduler.ts';

export const drv = (name: string): StorePath => parseStorePath(`/nix/store/${'0'.repeat(32)}-${name}.drv`);

export function step(name: string, changes: Partial<BuildStep> = {}): BuildStep {
  const path = parseStorePath(`/nix/store/${'1'.repeat(32)}-${name}`);
  return {
    drvPath: drv(name),
    name,
    system: 'x86_64-linux',
    requiredFeatures: [],
    prefersLocal: false,
    outputs: new Map([['out', { path, hashAlgorithm: '', hash: '' }]]),
    inputs: new Map(),
    floating: false,
    ...changes,
  };
}

let count = 0;

/** For the derivation of that name; without a ticket when none is given. */
export function request(name: string, ticket?: Partial<BuildTicket>): BuildRequest {
  const { globalPriority = Number.POSITIVE_INFINITY, priority = 0 } =
    ticket === undefined ? {} : { globalPriority: 0, ...ticket };
  return {
    drvPath: drv(name),
    number: ++count,
    ticket: ticket === undefined ? undefined : { id: count, share: 1, globalPriority, priority, ...ticket },
    globalPriority,
    priority,
    state: 'planned',
    outcome: new Promise(() => {}),
  };
}
