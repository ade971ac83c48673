/** The tables of odds and ends; part of `schema.ts`, and as there. */

export interface FailureTable {
  readonly key: string;
  readonly message: string;
  readonly expires_at: number;
}

export interface DrainedBuilderTable {
  readonly builder: string;
  readonly drained_by: string;
  readonly drained_at: number;
}

export interface FirstSeenTable {
  readonly uri: string;
  readonly sha256: string;
  readonly seen_at: number;
}
