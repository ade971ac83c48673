import type { EvaluationRecord } from '../../db/records.ts';
import { blankPasswords } from '../../util/blank-passwords.ts';
import { shownValue } from '../shown-value.ts';
import { seconds } from './seconds.ts';

/** An evaluation as Hydra says it. */
export function evaluationJson(evaluation: EvaluationRecord, builds: readonly number[]) {
  return {
    id: evaluation.id,
    timestamp: seconds(evaluation.startedAt),
    checkouttime: seconds(evaluation.checkoutMs),
    evaltime: seconds(evaluation.evaluationMs),
    hasnewbuilds: evaluation.hasNewBuilds ? 1 : 0,
    flake: evaluation.flake === null ? null : blankPasswords(evaluation.flake),
    builds,
    jobsetevalinputs: Object.fromEntries(
      evaluation.inputs.map(({ name, revision, value, type, uri, dependency }) => [
        name,
        {
          revision,
          value: value === null ? null : shownValue(type, value),
          type,
          uri: uri === null ? null : blankPasswords(uri),
          dependency,
        },
      ]),
    ),
  };
}
