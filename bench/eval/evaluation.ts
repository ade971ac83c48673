/** What every way of evaluating the network is given, and what is measured of it. */

export interface Workload {
  /** The network file. */
  readonly file: string;
  readonly hosts: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Measurement {
  /** From the call to the last process gone. */
  readonly wallMs: number;
  /** Until the first derivation was told; undefined for ways that tell all at the end. */
  readonly firstMs: number | undefined;
  /** Of all processes, ours included. */
  readonly processorMs: number;
  /** How much of the processors others had meanwhile, 0 to 1. */
  readonly others: number;
  /** Bytes: peaks of the evaluating processes, added up. */
  readonly peak: number;
  /** Derivations of the hosts' systems, sorted. */
  readonly drvPaths: readonly string[];
}

export type Contestant = (workload: Workload) => Promise<Omit<Measurement, 'processorMs' | 'others'>>;
