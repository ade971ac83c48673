/** What is rolled out, as the command line names it: `PROJECT/JOBSET`, or one of its evaluations, `PROJECT/JOBSET#42`. Pure. */

import { AppError } from '../../util/app-error.ts';
import { type JobsetName, parseJobsetName } from '../client/jobset-name.ts';

export interface EvaluationName extends JobsetName {
  /** Undefined: the newest. */
  readonly evaluation: number | undefined;
}

/** Throws `usage.invalid`. */
export function parseEvaluationName(text: string): EvaluationName {
  const [, jobset = '', number] = /^([^#]*)(?:#(.*))?$/s.exec(text) ?? [];
  if (number !== undefined && !/^[1-9]\d{0,9}$/.test(number)) {
    throw new AppError(
      'usage.invalid',
      `wanted PROJECT/JOBSET or PROJECT/JOBSET#EVALUATION, such as fleet/main#42; got '${text}'`,
    );
  }
  return { ...parseJobsetName(jobset), evaluation: number === undefined ? undefined : Number(number) };
}
