/** The lines of the evaluation benchmark, made of what was measured. */

import { type BenchCase, benchCase } from '../bench-case.ts';
import type { Measurement } from './evaluation.ts';

export const sides = ['ours', 'one process', 'two processes'] as const;
export const storeStates = ['cold', 'warm'] as const;

export type Side = (typeof sides)[number];
export type StoreState = (typeof storeStates)[number];
/** Of each round one; the same number for all. */
export type Measurements = Readonly<Record<StoreState, Readonly<Record<Side, readonly Measurement[]>>>>;

interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly ours: (measurement: Measurement) => number;
  readonly peer: (measurement: Measurement) => number;
  /** How much of the peer's figure ours may be. */
  readonly bars: Readonly<Partial<Record<Side, number>>>;
  readonly peers: readonly Side[];
}

const mebibyte = 2 ** 20;
const wall = ({ wallMs }: Measurement): number => wallMs / 1000;
const processor = ({ processorMs }: Measurement): number => processorMs / 1000;
const memory = ({ peak }: Measurement): number => peak / mebibyte;
const first = ({ firstMs = Number.NaN }: Measurement): number => firstMs / 1000;
const both = ['one process', 'two processes'] as const;

const figures: readonly Figure[] = [
  {
    what: 'wall',
    unit: 's',
    ours: wall,
    peer: wall,
    peers: both,
    bars: { 'one process': 0.45, 'two processes': 1.15 },
  },
  // One process tells nothing before its end.
  {
    what: 'first result',
    unit: 's',
    ours: first,
    peer: wall,
    peers: ['one process'],
    bars: { 'one process': 0.25 },
  },
  { what: 'processor time', unit: 's', ours: processor, peer: processor, peers: both, bars: {} },
  { what: 'peak memory', unit: 'MiB', ours: memory, peer: memory, peers: both, bars: {} },
];

/** With `isBinding` the lines have their bars; the network is one for which they were meant. */
export function evalCases(measured: Measurements, network: string, isBinding: boolean): readonly BenchCase[] {
  return storeStates.flatMap((state) =>
    figures.flatMap(({ what, unit, ours, peer, peers, bars }) =>
      peers.map((peerName) =>
        benchCase({
          bench: 'eval',
          case: `${network}, ${state} store: ${what}`,
          unit,
          ours: measured[state].ours.map(ours),
          peer: measured[state][peerName].map(peer),
          peerName,
          atMost: isBinding ? bars[peerName] : undefined,
        }),
      ),
    ),
  );
}
