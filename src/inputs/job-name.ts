/** How inputs of type build, sysbuild and eval name what they stand for; the names are Hydra's (hydra.md §1.1). */

const project = '[A-Za-z_][A-Za-z0-9_-]*';
const jobset = '[A-Za-z_][A-Za-z0-9_.-]*';
const job = '[A-Za-z_][A-Za-z0-9_-]*(?:\\.[A-Za-z_][A-Za-z0-9_-]*)*';

export interface JobName {
  readonly project: string;
  readonly jobset: string;
  readonly job: string;
}

const jobName = new RegExp(`^(?:(?:(${project}):)?(${jobset}):)?(${job})$`);
const jobsetName = new RegExp(`^(${project}):(${jobset})(?::(${job}))?$`);

/** `[[PROJECT:]JOBSET:]JOB`, what is not said being that of the jobset which has the input. */
export function parseJobName(
  text: string,
  own: { readonly project: string; readonly jobset: string },
): JobName | undefined {
  const [, projectName = own.project, jobsetName = own.jobset, name] = jobName.exec(text) ?? [];
  return name === undefined ? undefined : { project: projectName, jobset: jobsetName, job: name };
}

/** `PROJECT:JOBSET[:JOB]`. */
export function parseJobsetName(
  text: string,
): { readonly project: string; readonly jobset: string; readonly job?: string } | undefined {
  const [, projectName, name, jobPart] = jobsetName.exec(text) ?? [];
  if (projectName === undefined || name === undefined) return undefined;
  return { project: projectName, jobset: name, ...(jobPart === undefined ? {} : { job: jobPart }) };
}

/** A number from the database's ids. */
export function parseId(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
