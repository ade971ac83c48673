/**
 * Makes the jobsets of a project what its declaration says: all of it in one transaction, or nothing. What the declaration no
 * longer has is disabled and hidden, as in Hydra, so that its builds stay for a while and it can come back.
 */

import type { Database, Repositories } from '../../db/database.ts';
import { type JobsetRecord, type JobsetSettings, jobsetState } from '../../db/records.ts';
import { declarativeJobset } from './declaration.ts';

/** Says the ids of the jobsets that were made or changed; those that have an interval are due at once. */
export function applyJobsets(
  database: Pick<Database, 'transaction'>,
  projectId: number,
  declared: readonly JobsetSettings[],
  now: number,
): Promise<readonly number[]> {
  return database.transaction(async ({ jobsets }) => {
    const known = new Map((await jobsets.list(projectId)).map((jobset) => [jobset.name, jobset]));
    known.delete(declarativeJobset);
    const changed: number[] = [];
    for (const settings of declared) {
      const before = known.get(settings.name);
      known.delete(settings.name);
      const id = await save(jobsets, projectId, before, settings);
      if (id === undefined) continue;
      changed.push(id);
      if (settings.state !== jobsetState.disabled && settings.checkInterval > 0)
        await jobsets.trigger(id, now);
    }
    for (const gone of known.values()) {
      const settings = { ...gone, state: jobsetState.disabled, hidden: true };
      const id = await save(jobsets, projectId, gone, settings);
      if (id !== undefined) changed.push(id);
    }
    return changed;
  });
}

/** Undefined when it is so already. */
async function save(
  jobsets: Repositories['jobsets'],
  projectId: number,
  before: JobsetRecord | undefined,
  settings: JobsetSettings,
): Promise<number | undefined> {
  if (before === undefined) return (await jobsets.create(projectId, settings)).id;
  if (comparable(before) === comparable(settings)) return undefined;
  await jobsets.update(before.id, settings);
  return before.id;
}

function comparable(settings: JobsetSettings): string {
  return JSON.stringify([
    settings.description,
    settings.type,
    settings.nixExprInput,
    settings.nixExprPath,
    settings.flake,
    settings.state,
    settings.hidden,
    settings.enableEmail,
    settings.emailOverride,
    settings.keepEvaluations,
    settings.checkInterval,
    settings.schedulingShares,
    settings.allowImportFromDerivation,
    settings.enableDynamicRunCommand,
    settings.inputs.map(({ name, type, value, emailResponsible }) => [name, type, value, emailResponsible]),
  ]);
}
