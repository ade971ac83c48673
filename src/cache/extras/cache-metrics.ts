/** What the cache tells Prometheus: all that it counts, how long its event loop is held up, and its memory. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { version } from '../../util/version.ts';
import type { CacheCounters } from '../cache-context.ts';
import type { StoredNarCounters } from '../stored/stored-nars.ts';
import type { Metric } from './render-metrics.ts';

/** Name and help of each counter; a new one has to be described here before it compiles. */
const described: Readonly<Record<keyof CacheCounters, readonly [name: string, help: string]>> = {
  narinfoHits: ['narinfo_hits_total', 'Requests for narinfos that were there'],
  narinfoMisses: ['narinfo_misses_total', 'Requests for narinfos that were not there'],
  nars: ['nars_total', 'NARs begun to be sent, whole or in part'],
  narBytes: ['nar_bytes_total', 'Bytes of NARs that were sent to their end'],
  narsCut: [
    'nars_cut_total',
    'NARs cut off half-way because the store held something else than its database says',
  ],
  faults: ['faults_total', 'Faults of the cache itself, which clients see as a miss or a cut connection'],
};

const describedStored: Readonly<Record<keyof StoredNarCounters, readonly [name: string, help: string]>> = {
  materialised: ['stored_nars_materialised_total', 'Files of NARs made here'],
  received: ['stored_nars_received_total', 'Files of NARs that were uploaded'],
  damaged: ['stored_nars_damaged_total', 'Files of NARs found damaged or gone'],
  repaired: ['stored_nars_repaired_total', 'Files of NARs made anew after they were found damaged or gone'],
  withdrawn: ['stored_nars_withdrawn_total', 'Files of NARs given up, with the paths that had them'],
};

export interface CacheMetrics {
  /** `stored`: where there are files of NARs. */
  collect(counters: Readonly<CacheCounters>, stored?: Readonly<StoredNarCounters>): readonly Metric[];
}

/** How often the loop is looked at, in ms. The histogram counts from one look to the next. */
const resolution = 10;

/** Begins to watch the event loop, which keeps no process alive. */
export function createCacheMetrics(): CacheMetrics {
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  return {
    collect: (counters, stored) => [
      gauge('proteus_info', 'The version of Proteus', 1, { version }),
      ...counted(described, counters),
      ...(stored === undefined ? [] : counted(describedStored, stored)),
      ...eventLoopDelay(delay),
      ...memory(process.memoryUsage()),
      gauge('process_start_time_seconds', 'Start of the process', Date.now() / 1000 - process.uptime()),
    ],
  };
}

function counted<Key extends string>(
  names: Readonly<Record<Key, readonly [name: string, help: string]>>,
  counters: Readonly<Record<Key, number>>,
): readonly Metric[] {
  return Object.entries<readonly [name: string, help: string]>(names).map(([key, [name, help]]) => ({
    name: `proteus_cache_${name}`,
    help,
    type: 'counter',
    samples: [{ value: counters[key as Key] }], // a key of the table
  }));
}

function gauge(name: string, help: string, value: number, labels?: Readonly<Record<string, string>>): Metric {
  return { name, help, type: 'gauge', samples: [labels === undefined ? { value } : { value, labels }] };
}

/** Since the last time they were asked for. */
function eventLoopDelay(delay: ReturnType<typeof monitorEventLoopDelay>): readonly Metric[] {
  const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - resolution / 1000);
  const quantiles = [50, 90, 99].map((percent) => ({
    value: seconds(delay.percentile(percent)),
    labels: { quantile: String(percent / 100) },
  }));
  const max = seconds(delay.max);
  delay.reset();
  return [
    {
      name: 'nodejs_eventloop_lag_quantile_seconds',
      help: 'Delay of the event loop since the last scrape',
      type: 'gauge',
      samples: quantiles,
    },
    gauge('nodejs_eventloop_lag_max_seconds', 'Longest delay of the event loop since the last scrape', max),
  ];
}

function memory({ rss, heapUsed, external, arrayBuffers }: NodeJS.MemoryUsage): readonly Metric[] {
  return [
    gauge('process_resident_memory_bytes', 'Memory in use', rss),
    gauge('nodejs_heap_size_used_bytes', 'Memory of objects', heapUsed),
    gauge('nodejs_external_memory_bytes', 'Memory of buffers and what belongs to objects outside', external),
    gauge('nodejs_array_buffers_bytes', 'Memory of buffers', arrayBuffers),
  ];
}
