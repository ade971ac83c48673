/**
 * What a daemon is told of how to build, once per connection and again when a call wants it otherwise: SetOptions.
 * The fields of the operation have no value for "as configured there", so max-jobs and cores are always said: by
 * default as many jobs as we have processors, and all cores.
 */

import { availableParallelism } from 'node:os';
import { type Request, readNothing } from './request.ts';
import type { BuildOptions } from './store.ts';

export interface DaemonOptions {
  readonly keepGoing: boolean;
  readonly maxSilentSeconds: number;
  /** All other Nix settings by name, in order of their names. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Verbosity of the daemon: 3 is info, what Nix has by default. */
const verbosity = 3;

/** The options of a call, over those of the whole store. */
export function daemonOptions(
  base: Readonly<Record<string, string>>,
  build: BuildOptions | undefined,
): DaemonOptions {
  const settings: Record<string, string> = { ...base };
  if (build?.timeoutSeconds) settings.timeout = String(build.timeoutSeconds);
  if (build?.maxLogBytes) settings['max-build-log-size'] = String(build.maxLogBytes);
  Object.assign(settings, build?.settings);
  return {
    keepGoing: build?.keepGoing ?? settings['keep-going'] === 'true',
    maxSilentSeconds: build?.maxSilentSeconds ?? number(settings['max-silent-time'], 0),
    settings: Object.fromEntries(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** True when both ask the same of the daemon. */
export function sameDaemonOptions(a: DaemonOptions, b: DaemonOptions): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export function setOptions(options: DaemonOptions): Request<void> {
  const { settings } = options;
  return {
    op: 19,
    what: 'setting the options',
    write: (encoder) => {
      encoder
        .bool(false) // keep-failed
        .bool(options.keepGoing)
        .bool(settings.fallback === 'true')
        .u64(verbosity)
        .u64(number(settings['max-jobs'], availableParallelism()))
        .u64(options.maxSilentSeconds)
        .u64(1) // obsolete: use of build hooks
        .u64(0) // build output is to be sent
        .u64(0) // obsolete: type of log
        .u64(0) // obsolete: printing of build traces
        .u64(number(settings.cores, 0))
        .bool(settings.substitute !== 'false')
        .map(Object.entries(settings));
    },
    read: readNothing,
  };
}

function number(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : otherwise;
}
