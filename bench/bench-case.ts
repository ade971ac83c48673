/**
 * One line of a benchmark: our figure, that of a named peer or limit measured in the same run, and their ratio.
 * Figures are medians of interleaved rounds, so that a machine whose speed drifts treats both alike.
 */

export interface BenchCase {
  readonly bench: string;
  readonly case: string;
  /** Medians, in `unit`. */
  readonly ours: number;
  readonly peer: number;
  readonly peerName: string;
  readonly unit: string;
  /** ours / peer. */
  readonly ratio: number;
  /** The bar, e.g. `<= 0.45`; null where a figure is only reported. */
  readonly target: string | null;
  /** True when there is no bar, or it is met. */
  readonly ok: boolean;
}

interface Measured {
  readonly bench: string;
  readonly case: string;
  readonly unit: string;
  readonly ours: readonly number[];
  readonly peer: readonly number[];
  readonly peerName: string;
  readonly atMost?: number | undefined;
  readonly atLeast?: number | undefined;
}

/** The medians of both sides, compared with the bar. */
export function benchCase(measured: Measured): BenchCase {
  const ours = median(measured.ours);
  const peer = median(measured.peer);
  const ratio = ours / peer;
  const { atMost, atLeast } = measured;
  return {
    bench: measured.bench,
    case: measured.case,
    ours,
    peer,
    peerName: measured.peerName,
    unit: measured.unit,
    ratio,
    target: atMost !== undefined ? `<= ${atMost}` : atLeast !== undefined ? `>= ${atLeast}` : null,
    ok: (atMost === undefined || ratio <= atMost) && (atLeast === undefined || ratio >= atLeast),
  };
}

/** The middle value, or the mean of the two middle ones. Throws for no values: nothing was measured. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new Error('median of no values');
  return (upper + lower) / 2;
}
