/**
 * Logs. Hydra has one per derivation, we have one per attempt: an address that names a derivation shows the newest,
 * one that names a step shows the step's.
 */

import { Readable } from 'node:stream';
import type { Hono } from 'hono';
import type { KeptLog } from '../../cache/kept/kept-extras.ts';
import { openBuildLog } from '../../cache/open-build-log.ts';
import type { StepRecord } from '../../db/records.ts';
import { isStorePath, storeDir } from '../../nix/store-path.ts';
import type { ApiContext, ApiDeps, ApiEnv } from '../api-deps.ts';
import { answer } from '../http/answer.ts';
import { findBuild, notFound, pathNumber, pathPart } from '../http/find-records.ts';
import { redirect } from '../http/redirect.ts';
import { streamBytes } from '../http/stream-bytes.ts';
import { secondsOrNull } from '../json/seconds.ts';
import { loadBuildJson } from '../load-build-json.ts';
import { serveLog } from '../serve-log.ts';

const tailLines = 50;
/** What a page shows of a log; the rest is a link away. */
const pageLines = 2000;

export function addLogRoutes(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const { ci, nixLogDirectory } = deps;
  const { steps } = ci.database;

  app.get('/log/:drv', async (c) => {
    const drvPath = `${storeDir}/${pathPart(c, 'drv')}`;
    if (!isStorePath(drvPath)) throw notFound('Wanted the name of a derivation, <hash>-<name>.drv.');
    const attempts = await steps.attempts(drvPath);
    // One attempt of several, where a step's page sent us.
    const [build, number] = [Number(c.req.query('build')), Number(c.req.query('step'))];
    const asked = attempts.find((step) => step.buildId === build && step.number === number);
    const file = (asked ?? attempts.find(({ logFile }) => logFile !== null))?.logFile ?? null;
    if (file === null) {
      const name = drvPath.slice(storeDir.length + 1);
      const log = nixLogDirectory && (await openBuildLog(name, nixLogDirectory));
      if (log) return sendNixLog(c, log);
      const kept = await deps.keptLog?.(name);
      if (kept !== undefined) return sendKeptLog(c, kept);
    }
    return serveLog(c, ci.logs, { file, tail: tailOf(c) });
  });

  app.get('/build/:build/log/:mode?', async (c) => {
    const build = await findBuild(c, deps);
    const file =
      (await steps.attempts(build.drvPath)).find(({ logFile }) => logFile !== null)?.logFile ?? null;
    return show(c, file, `Log of build ${build.id}`, `/build/${build.id}/log/raw`);
  });

  app.get('/build/:build/step/:step', async (c) => {
    const build = await findBuild(c, deps);
    const step = await findStep(c);
    const [json] = await loadBuildJson(ci, [build]);
    const path = `/build/${build.id}/step/${step.number}`;
    return answer(c, {
      title: `Step ${step.number} of build ${build.id}`,
      data: {
        machine: step.builder,
        system: step.system,
        stepnr: step.number,
        drvpath: step.drvPath,
        starttime: secondsOrNull(step.startedAt),
        resolveddrvpath: step.resolvedDrvPath,
        build: { [build.id]: json },
      },
      page: step,
      links: [
        { text: 'Build', href: `/build/${build.id}` },
        { text: 'Log', href: `${path}/log` },
      ],
    });
  });

  app.get('/build/:build/step/:step/log/:mode?', async (c) => {
    const step = await findStep(c);
    const raw = await rawAddress(step);
    if (c.req.param('mode') === 'raw') return redirect(c, deps, raw);
    return show(c, step.logFile, `Log of step ${step.number} of build ${step.buildId}`, raw);
  });

  app.get('/build/:build/nixlog/:step/:mode?', (c) => {
    const mode = c.req.param('mode');
    const path = `/build/${pathNumber(c, 'build')}/step/${pathNumber(c, 'step')}/log`;
    return redirect(c, deps, mode === undefined ? path : `${path}/${encodeURIComponent(mode)}`, {
      status: 301,
    });
  });

  async function findStep(c: ApiContext): Promise<StepRecord> {
    const [build, number] = [pathNumber(c, 'build'), pathNumber(c, 'step')];
    const step = await steps.get(build, number);
    if (step === undefined) throw notFound(`Build ${build} doesn't have a step ${number}.`);
    return step;
  }

  async function rawAddress({ drvPath, buildId, number }: StepRecord): Promise<string> {
    const newest = (await steps.attempts(drvPath)).find(({ logFile }) => logFile !== null);
    const path = `/log/${encodeURIComponent(drvPath.slice(storeDir.length + 1))}`;
    const isNewest = newest?.buildId === buildId && newest.number === number;
    return isNewest ? path : `${path}?build=${buildId}&step=${number}`;
  }

  async function show(c: ApiContext, file: string | null, title: string, raw: string): Promise<Response> {
    const mode = c.req.param('mode');
    if (mode === 'raw') return serveLog(c, ci.logs, { file });
    if (mode === 'tail') return serveLog(c, ci.logs, { file, tail: tailLines });
    if (mode !== undefined) throw notFound('A log can be seen as it is, or as /raw or /tail.');
    const { body } = await serveLog(c, ci.logs, { file, tail: pageLines });
    c.header('Content-Security-Policy', undefined);
    c.header('Content-Type', undefined);
    const log = await new Response(body).text();
    return answer(c, { title, data: { log: `${log}\n` }, links: [{ text: 'Whole log', href: raw }] });
  }
}

/** What Nix kept of a derivation that was built without us. */
function sendNixLog(c: ApiContext, log: Readable): Response {
  // A HEAD never takes the body.
  if (c.req.method === 'HEAD') log.destroy();
  setLogHeaders(c);
  return c.body(Readable.toWeb(log) as ReadableStream<Uint8Array>); // Node's own type of the same thing
}

/** What somebody has uploaded. */
function sendKeptLog(c: ApiContext, log: KeptLog): Response {
  setLogHeaders(c);
  c.header('Content-Length', String(log.size));
  return c.body(streamBytes((signal) => log.read(signal)));
}

function setLogHeaders(c: ApiContext): void {
  c.header('Content-Type', 'text/plain; charset=utf-8');
  c.header('Content-Security-Policy', "default-src 'none'; sandbox");
}

function tailOf(c: ApiContext): number | undefined {
  const tail = c.req.query('tail');
  return tail === undefined || !/^\d{1,9}$/.test(tail) ? undefined : Math.max(1, Number(tail));
}
