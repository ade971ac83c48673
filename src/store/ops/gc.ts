/** Collecting garbage. Source: libstore/gc-store.hh, daemon.cc. */

import type { Request } from '../request.ts';
import type { GcResult, Store } from '../store.ts';

export type GcRequest = Parameters<Store['collectGarbage']>[0];

const actions = { 'return-live': 0, 'return-dead': 1, 'delete-dead': 2, 'delete-specific': 3 } as const;
const noLimit = 2n ** 64n - 1n;

export function collectGarbage(request: GcRequest): Request<GcResult> {
  return {
    op: 20,
    what: 'collecting garbage',
    write: (encoder) => {
      encoder
        .u64(actions[request.action])
        .strings(request.action === 'delete-specific' ? request.paths : [])
        .bool(false) // delete what is alive, too
        .u64(request.action === 'delete-specific' ? noLimit : (request.maxFreed ?? noLimit))
        .u64(0) // three fields that mean nothing any more
        .u64(0)
        .u64(0);
    },
    read: async (reader) => {
      const paths = await reader.strings();
      const bytesFreed = await reader.u64();
      await reader.u64();
      return { paths, bytesFreed };
    },
  };
}
