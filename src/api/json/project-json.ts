import type { ProjectRecord } from '../../db/records.ts';
import { shownValue } from '../shown-value.ts';

/** A project as Hydra says it; `declarative` only where it is. */
export function projectJson(project: ProjectRecord, jobsets: readonly string[]) {
  return {
    name: project.name,
    displayname: project.displayName,
    description: project.description,
    homepage: project.homepage,
    owner: project.owner,
    enabled: project.enabled,
    enable_dynamic_run_command: project.enableDynamicRunCommand,
    hidden: project.hidden,
    jobsets,
    ...(project.declarative === null ? {} : { declarative: shown(project.declarative) }),
  };
}

function shown({ file, type, value }: NonNullable<ProjectRecord['declarative']>) {
  return { file, type, value: shownValue(type, value) };
}
