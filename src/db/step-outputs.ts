import type { StepRecord } from './records.ts';

/** The outputs of a step as its row holds them. */
export function parseOutputs(json: string): StepRecord['outputs'] {
  return JSON.parse(json) as StepRecord['outputs']; // written by `formatOutputs` alone
}

export function formatOutputs(outputs: StepRecord['outputs']): string {
  return JSON.stringify(outputs);
}
