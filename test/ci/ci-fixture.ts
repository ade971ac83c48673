/** A loop in this process, with a project and what a test needs to push, wait and look. */

import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Ci } from '../../src/ci/ci.ts';
import { jobsetRecord } from '../../src/ci/testing/records.ts';
import type { Database } from '../../src/db/database.ts';
import type { BuildRecord, EvaluationRecord, JobsetRecord, JobsetSettings } from '../../src/db/records.ts';
import type { ServerEvent } from '../../src/events/event.ts';
import type { Store } from '../../src/store/store.ts';
import { createRepository, type Repository } from './jobs.ts';
import { gatesOf, type Server, type ServerOptions, startServer } from './server.ts';

export interface CiFixture extends AsyncDisposable {
  readonly ci: Ci;
  readonly database: Database;
  readonly store: Store;
  readonly directory: string;
  readonly repository: Repository;
  readonly events: readonly ServerEvent[];
  /** A legacy jobset over the repository's release.nix, unless the settings say otherwise. */
  jobset(settings?: Partial<JobsetSettings>): Promise<JobsetRecord>;
  /** Asks for an evaluation and waits until it is over; undefined when nothing had changed. */
  evaluate(
    jobset: JobsetRecord,
    options?: { readonly force?: boolean },
  ): Promise<EvaluationRecord | undefined>;
  /** The build of a job of an evaluation, as it is. */
  build(evaluation: EvaluationRecord | undefined, job: string): Promise<BuildRecord>;
  /** The same once it is finished. */
  built(evaluation: EvaluationRecord | undefined, job: string): Promise<BuildRecord>;
  open(gate: string): Promise<void>;
  atGate(gate: string): Promise<void>;
  /** The next such event from `since` (a number of events) on, or one that was there. */
  seen<T extends ServerEvent['type']>(
    type: T,
    match?: (event: Extract<ServerEvent, { type: T }>) => boolean,
    since?: number,
  ): Promise<Extract<ServerEvent, { type: T }>>;
}

export async function ciFixture(options: Partial<ServerOptions> = {}): Promise<CiFixture> {
  const directory = options.directory ?? (await mkdtemp('/nix/var/server.'));
  const events: ServerEvent[] = [];
  const waiting = new Set<() => void>();
  const server: Server = await startServer(
    { directory, databaseUrl: join(directory, 'proteus.db'), ...options },
    (event) => {
      events.push(event);
      for (const check of [...waiting]) check();
    },
  );
  const { ci, database, store } = server;
  const repository = await createRepository();

  const seen: CiFixture['seen'] = (type, match = () => true, since = 0) =>
    new Promise((resolve) => {
      let at = since;
      const check = (): void => {
        for (; at < events.length; at++) {
          const event = events[at];
          if (event?.type !== type) continue;
          const found = event as Extract<ServerEvent, { type: typeof type }>; // compared above
          if (!match(found)) continue;
          waiting.delete(check);
          resolve(found);
          return;
        }
      };
      waiting.add(check);
      check();
    });

  const build: CiFixture['build'] = async (evaluation, job) => {
    const found = await database.evaluations.findJob(evaluation?.id ?? 0, job);
    if (found === undefined) throw new Error(`evaluation ${evaluation?.id} has no job ${job}`);
    return found;
  };

  return {
    ci,
    database,
    store,
    directory,
    repository,
    events,
    seen,
    build,
    async jobset(settings = {}) {
      const project =
        (await database.projects.find('fleet')) ??
        (await database.projects.create({
          name: 'fleet',
          displayName: 'Fleet',
          description: '',
          homepage: '',
          owner: 'root',
          enabled: true,
          hidden: false,
          enableDynamicRunCommand: false,
          declarative: null,
        }));
      const inputs = [{ name: 'src', type: 'git', value: repository.url, emailResponsible: false }];
      const jobset = await database.jobsets.create(project.id, { ...jobsetRecord({ inputs }), ...settings });
      ci.evaluations.jobsetChanged(jobset.id);
      return jobset;
    },
    async evaluate(jobset, how = {}) {
      const since = events.length;
      await ci.evaluations.trigger(jobset.id, how);
      const ended = await seen('ci.evaluation.ended', (event) => event.jobset === jobset.name, since);
      return ended.evaluation === null ? undefined : database.evaluations.get(ended.evaluation);
    },
    async built(evaluation, job) {
      const { id } = await build(evaluation, job);
      await expect
        .poll(async () => (await database.builds.get(id))?.finished, { timeout: 60_000 })
        .toBe(true);
      return build(evaluation, job);
    },
    open: (gate) => writeFile(join(gatesOf(directory), gate), ''),
    async atGate(gate) {
      await seen('step.log', (event) => event.line === `at gate ${gate}`);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
