/** What the server answers under Hydra's addresses, as far as the commands use it. Times are seconds since 1970. */

import { z } from 'zod';

export const projectSchema = z.object({
  name: z.string(),
  displayname: z.string(),
  description: z.string(),
  homepage: z.string(),
  owner: z.string(),
  enabled: z.boolean(),
  enable_dynamic_run_command: z.boolean(),
  hidden: z.boolean(),
  jobsets: z.array(z.string()),
});

const jobsetInputSchema = z.object({
  name: z.string(),
  type: z.string(),
  value: z.string(),
  emailresponsible: z.boolean(),
});

export const jobsetSchema = z.object({
  project: z.string(),
  name: z.string(),
  description: z.string(),
  type: z.int(),
  nixexprinput: z.string(),
  nixexprpath: z.string(),
  flake: z.string(),
  enabled: z.int(),
  visible: z.boolean(),
  enableemail: z.boolean(),
  emailoverride: z.string(),
  keepnr: z.int(),
  checkinterval: z.int(),
  schedulingshares: z.int(),
  enable_dynamic_run_command: z.boolean(),
  allow_import_from_derivation: z.boolean().default(false),
  inputs: z.record(z.string(), jobsetInputSchema),
  lastcheckedtime: z.int().nullable(),
  triggertime: z.int().nullable(),
  starttime: z.int().nullable(),
  errortime: z.int().nullable(),
  errormsg: z.string(),
  fetcherrormsg: z.string(),
});
export type Jobset = z.output<typeof jobsetSchema>;

export const jobsetOverviewSchema = z.object({
  project: z.string(),
  name: z.string(),
  nrscheduled: z.int(),
  nrsucceeded: z.int(),
  nrfailed: z.int(),
  nrtotal: z.int(),
  lastcheckedtime: z.int().nullable(),
  starttime: z.int().nullable(),
  checkinterval: z.int(),
  triggertime: z.int().nullable(),
  fetcherrormsg: z.string().nullable(),
  haserrormsg: z.boolean(),
});

/** What making, changing and deleting answer; nothing of it is needed. */
export const doneSchema = z.unknown();

/** Evaluations newest first; only those that changed something. */
export const evaluationsSchema = z.object({
  evals: z.array(z.object({ id: z.int(), timestamp: z.int(), builds: z.array(z.int()) })),
});

export const buildSchema = z.object({
  id: z.int(),
  project: z.string(),
  jobset: z.string(),
  job: z.string(),
  nixname: z.string(),
  system: z.string(),
  finished: z.int(),
  buildstatus: z.int().nullable(),
  timestamp: z.int(),
  starttime: z.int().nullable(),
  stoptime: z.int().nullable(),
  buildoutputs: z.record(z.string(), z.object({ path: z.string().nullable() })),
});

/** A build in the lists under `/api`. */
export const buildSummarySchema = z.object({
  id: z.int(),
  project: z.string(),
  jobset: z.string(),
  job: z.string(),
  system: z.string(),
  nixname: z.string(),
  timestamp: z.int(),
  buildstatus: z.int().nullable().optional(),
  priority: z.int().optional(),
});
