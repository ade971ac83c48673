import type { EvaluationCounts, JobsetRecord } from '../../db/records.ts';
import { blankPasswords } from '../../util/blank-passwords.ts';
import { shownValue } from '../shown-value.ts';
import { seconds, secondsOrNull } from './seconds.ts';

/**
 * A jobset as Hydra says it. `errormsg` is empty except under `/errors`, because it can be long;
 * passwords are blanked; `allow_import_from_derivation` is ours, and there only when it is true: clients of Hydra compare all keys.
 */
export function jobsetJson(jobset: JobsetRecord, { withError = false } = {}) {
  return {
    checkinterval: jobset.checkInterval,
    description: jobset.description,
    emailoverride: jobset.emailOverride,
    enabled: jobset.state,
    enableemail: jobset.enableEmail,
    enable_dynamic_run_command: jobset.enableDynamicRunCommand,
    errortime: secondsOrNull(jobset.errorAt),
    errormsg: withError ? (jobset.errorMessage ?? '') : '',
    fetcherrormsg: jobset.fetchErrorMessage ?? '',
    flake: blankPasswords(jobset.flake ?? ''),
    visible: !jobset.hidden,
    inputs: Object.fromEntries(
      jobset.inputs.map(({ name, type, value, emailResponsible }) => [
        name,
        { name, type, value: shownValue(type, value), emailresponsible: emailResponsible },
      ]),
    ),
    keepnr: jobset.keepEvaluations,
    lastcheckedtime: secondsOrNull(jobset.lastCheckedAt),
    name: jobset.name,
    nixexprinput: jobset.nixExprInput ?? '',
    nixexprpath: jobset.nixExprPath ?? '',
    project: jobset.project,
    schedulingshares: jobset.schedulingShares,
    starttime: secondsOrNull(jobset.startedAt),
    triggertime: secondsOrNull(jobset.triggeredAt),
    type: jobset.type,
    ...(jobset.allowImportFromDerivation ? { allow_import_from_derivation: true } : {}),
  };
}

const noBuilds: EvaluationCounts = { total: 0, scheduled: 0, succeeded: 0, failed: 0 };

/** A jobset in a list: `/api/jobsets`. */
export function jobsetOverviewJson(jobset: JobsetRecord, counts = noBuilds) {
  return {
    project: jobset.project,
    name: jobset.name,
    nrscheduled: counts.scheduled,
    nrsucceeded: counts.succeeded,
    nrfailed: counts.failed,
    nrtotal: counts.total,
    lastcheckedtime: secondsOrNull(jobset.lastCheckedAt),
    starttime: secondsOrNull(jobset.startedAt),
    checkinterval: jobset.checkInterval,
    triggertime: secondsOrNull(jobset.triggeredAt),
    fetcherrormsg: jobset.fetchErrorMessage,
    errortime: jobset.errorAt === null ? null : seconds(jobset.errorAt),
    haserrormsg: (jobset.errorMessage ?? '') !== '',
  };
}
