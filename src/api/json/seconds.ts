/** Hydra says times in whole seconds. */
export function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

export function secondsOrNull(ms: number | null): number | null {
  return ms === null ? null : seconds(ms);
}
