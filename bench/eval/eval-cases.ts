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
  readonly peers: readonly Peer[];
}

interface Peer {
  readonly name: Side;
  /** How much of its figure ours may be; where there is none, both are only reported. */
  readonly bars: Readonly<Partial<Record<StoreState, number>>>;
}

const mebibyte = 2 ** 20;
const wall = ({ wallMs }: Measurement): number => wallMs / 1000;
const processor = ({ processorMs }: Measurement): number => processorMs / 1000;
const memory = ({ peak }: Measurement): number => peak / mebibyte;
const first = ({ firstMs = Number.NaN }: Measurement): number => firstMs / 1000;
const reported: readonly Peer[] = [
  { name: 'one process', bars: {} },
  { name: 'two processes', bars: {} },
];

const figures: readonly Figure[] = [
  {
    what: 'wall',
    unit: 's',
    ours: wall,
    peer: wall,
    peers: [
      { name: 'one process', bars: { cold: 0.45, warm: 0.45 } },
      { name: 'two processes', bars: { cold: 1.15, warm: 1.15 } },
    ],
  },
  {
    what: 'first result',
    unit: 's',
    ours: first,
    // It tells nothing before its end.
    peer: wall,
    peers: [{ name: 'one process', bars: { cold: 0.25, warm: 0.25 } }],
  },
  { what: 'processor time', unit: 's', ours: processor, peer: processor, peers: reported },
  { what: 'peak memory', unit: 'MiB', ours: memory, peer: memory, peers: reported },
];

/** With `isBinding` the lines have their bars; the network is one for which they were meant. */
export function evalCases(measured: Measurements, network: string, isBinding: boolean): readonly BenchCase[] {
  return storeStates.flatMap((state) =>
    figures.flatMap(({ what, unit, ours, peer, peers }) =>
      peers.map(({ name, bars }) =>
        benchCase({
          bench: 'eval',
          case: `${network}, ${state} store: ${what}`,
          unit,
          ours: measured[state].ours.map(ours),
          peer: measured[state][name].map(peer),
          peerName: name,
          atMost: isBinding ? bars[state] : undefined,
        }),
      ),
    ),
  );
}
