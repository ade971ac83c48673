/** What is waiting and what is going on: builds, steps and builders. */

import type { Hono } from 'hono';
import type { BuildRecord } from '../../db/records.ts';
import type { ApiContext, ApiDeps, ApiEnv } from '../api-deps.ts';
import { answer } from '../http/answer.ts';
import { pageRange } from '../http/page-range.ts';
import { redirect } from '../http/redirect.ts';
import { requirePermission } from '../http/require-permission.ts';
import { wantsJson } from '../http/wants-json.ts';
import { buildSummaryJson } from '../json/build-json.ts';
import { secondsOrNull } from '../json/seconds.ts';
import { loadBuildJson } from '../load-build-json.ts';

/** Of a queue that may be long; `/api/queue?nr=` gives more. */
const shown = 1000;

export function addQueueRoutes(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const { ci } = deps;
  const { builds, steps, failures } = ci.database;

  const list = async (c: ApiContext, title: string, rows: readonly BuildRecord[]): Promise<Response> => {
    const data = wantsJson(c) ? await loadBuildJson(ci, rows) : rows.map(buildSummaryJson);
    const links = rows.slice(0, 100).map(({ id, job }) => ({ text: `${job} (${id})`, href: `/build/${id}` }));
    return answer(c, { title, data, links });
  };
  app.get('/queue', async (c) => list(c, 'Queue', await builds.queue(shown)));
  app.get('/status', async (c) => list(c, 'Running builds', await builds.running()));

  app.get('/queue-summary', async (c) => {
    const jobsets = new Map<string, number>();
    const systems = new Map<string, number>();
    const queue = await builds.queue(shown);
    for (const { project, jobset, system } of queue) {
      const key = `${project}:${jobset}`;
      jobsets.set(key, (jobsets.get(key) ?? 0) + 1);
      systems.set(system, (systems.get(system) ?? 0) + 1);
    }
    return answer(c, {
      title: 'Queue summary',
      data: {
        queued: await builds.countUnfinished(),
        first: queue.length,
        jobsets: Object.fromEntries(jobsets),
        systems: Object.fromEntries(systems),
      },
    });
  });

  app.get('/machines', (c) => {
    const data = Object.fromEntries(
      ci.builders.list().map((builder) => [
        builder.name,
        {
          systemTypes: builder.systems,
          supportedFeatures: builder.supportedFeatures,
          mandatoryFeatures: builder.mandatoryFeatures,
          maxJobs: builder.slots,
          speedFactor: builder.speedFactor,
          disabled: builder.drained || builder.avoidedUntil !== null,
          currentJobs: builder.running.length,
          steps: builder.running.map(({ drvPath, owner, phase, since }) => ({
            drvPath,
            build: owner,
            phase,
            startTime: secondsOrNull(since),
          })),
        },
      ]),
    );
    return answer(c, { title: 'Builders', data });
  });

  app.get('/queue-runner-status', (c) => {
    const machines = ci.builders.list();
    return answer(c, {
      title: 'Scheduler',
      data: {
        status: 'up',
        nrStepsBuilding: machines.reduce((sum, { running }) => sum + running.length, 0),
        machines: Object.fromEntries(
          machines.map(({ name, running }) => [name, { nrStepsCurrent: running.length }]),
        ),
      },
    });
  });

  app.get('/steps', async (c) => {
    const ended = await steps.page(pageRange(c));
    const data = ended.map((step) => ({
      build: step.buildId,
      stepnr: step.number,
      drvpath: step.drvPath,
      machine: step.builder,
      system: step.system,
      status: step.status,
      starttime: secondsOrNull(step.startedAt),
      stoptime: secondsOrNull(step.stoppedAt),
    }));
    return answer(c, { title: 'Ended steps', data });
  });

  app.on(['GET', 'POST'], '/admin/clear-queue-non-current', async (c) => {
    await requirePermission(c, deps, 'administer');
    await ci.builds.cancel(await builds.nonCurrentUnfinished());
    return redirect(c, deps, '/queue');
  });
  app.on(['GET', 'POST'], '/admin/clear-failed-cache', async (c) => {
    await requirePermission(c, deps, 'administer');
    await failures.clear();
    return redirect(c, deps, '/');
  });

  app.get('/robots.txt', (c) => c.text('User-agent: *\nDisallow: /*\n'));
}
