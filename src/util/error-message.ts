/** The message of anything that was thrown, for texts that quote a cause. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
