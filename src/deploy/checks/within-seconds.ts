/** A time limit for one try of a check. */

const longestTimer = 2 ** 31 - 1;

/**
 * Does the work with a signal that also fires when the time is over; then the result is Morph's `Timeout after 5s`,
 * whatever the work makes of it. 0 seconds or less: no limit. Rejects as the work does, when the time was not over.
 */
export async function withinSeconds(
  seconds: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<string | undefined>,
): Promise<string | undefined> {
  const over = new AbortController();
  const timer =
    seconds > 0 ? setTimeout(() => over.abort(), Math.min(seconds * 1000, longestTimer)) : undefined;
  const late = (): string | undefined => (over.signal.aborted ? `Timeout after ${seconds}s` : undefined);
  try {
    const reason = await work(AbortSignal.any([signal, over.signal]));
    return late() ?? reason;
  } catch (error) {
    const reason = late();
    if (reason === undefined) throw error;
    return reason;
  } finally {
    clearTimeout(timer);
  }
}
