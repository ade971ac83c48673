/** Rows for tests, with what a test does not care about filled in. */

import { type JobsetRecord, jobsetState, jobsetType } from '../../db/records.ts';

export function jobsetRecord(jobset: Partial<JobsetRecord> = {}): JobsetRecord {
  return {
    id: 1,
    projectId: 1,
    project: 'fleet',
    name: 'main',
    description: '',
    type: jobsetType.legacy,
    nixExprInput: 'src',
    nixExprPath: 'release.nix',
    flake: null,
    state: jobsetState.enabled,
    hidden: false,
    enableEmail: false,
    emailOverride: '',
    keepEvaluations: 3,
    checkInterval: 0,
    schedulingShares: 100,
    allowImportFromDerivation: false,
    enableDynamicRunCommand: false,
    inputs: [],
    triggeredAt: null,
    forceEvaluation: false,
    startedAt: null,
    lastCheckedAt: null,
    errorMessage: null,
    errorAt: null,
    fetchErrorMessage: null,
    ...jobset,
  };
}
