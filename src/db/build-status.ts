/**
 * Hydra's numbers, which clients know: what became of a build or a step, and what a running step is doing. They are
 * what the database holds and what the API says.
 */

export const buildStatus = {
  succeeded: 0,
  /** The builder exited with an error. */
  failed: 1,
  /** Builds only: the step that failed is another one. */
  dependencyFailed: 2,
  /** Infrastructure's fault, after all retries; or the derivation is gone. */
  aborted: 3,
  cancelled: 4,
  /** The builder succeeded, and an output has `nix-support/failed`. */
  failedWithOutput: 6,
  /** Too long in all, or silent for too long. */
  timedOut: 7,
  /** Steps only: known to fail from before, not tried again. */
  cachedFailure: 8,
  unsupportedSystem: 9,
  logLimitExceeded: 10,
  outputLimitExceeded: 11,
  notDeterministic: 12,
  /** Steps only: a content-addressed derivation that became another, which is built instead. */
  resolved: 13,
} as const;

export type BuildStatus = (typeof buildStatus)[keyof typeof buildStatus];

/** The column `busy` of a step. */
export const stepPhase = {
  idle: 0,
  preparing: 1,
  connecting: 10,
  sendingInputs: 20,
  building: 30,
  waitingForLocalSlot: 35,
  receivingOutputs: 40,
  postProcessing: 50,
} as const;

export type StepPhaseNumber = (typeof stepPhase)[keyof typeof stepPhase];
