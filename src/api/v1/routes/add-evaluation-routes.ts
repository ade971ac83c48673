/** Evaluations: asking for them, ending them, and what they are and were. */

import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { type EvaluationHosts, evaluationHosts } from '../../../ci/rollouts/evaluation-hosts.ts';
import { findEvaluation } from '../../../ci/rollouts/find-evaluation.ts';
import type { JobsetRecord } from '../../../db/records.ts';
import { blankPasswords } from '../../../util/blank-passwords.ts';
import type { ApiContext, ApiDeps } from '../../api-deps.ts';
import { notFound, projectOf } from '../../http/find-records.ts';
import { requirePermission } from '../../http/require-permission.ts';
import { shownValue } from '../../shown-value.ts';
import { body, errors, json } from '../replies.ts';
import {
  cancelEvaluationReply,
  evaluateReply,
  evaluateRequest,
  evaluation,
  evaluationHostsReply,
  jobError,
  runningEvaluations,
} from '../schemas/evaluation.ts';
import { cutPage, pageOf, pagingQuery } from '../schemas/paging.ts';
import { evaluationParameters, jobsetParameters } from '../schemas/parameters.ts';
import type { V1 } from '../v1.ts';

const evaluate = createRoute({
  method: 'post',
  path: '/projects/{project}/jobsets/{jobset}/evaluate',
  summary: 'Have a jobset evaluated at once',
  request: { params: jobsetParameters, body: body(evaluateRequest) },
  responses: { 202: json(evaluateReply, 'It will be.'), ...errors },
});

const cancel = createRoute({
  method: 'post',
  path: '/projects/{project}/jobsets/{jobset}/cancel-evaluation',
  summary: 'End the evaluation of a jobset that is under way',
  request: { params: jobsetParameters },
  responses: { 200: json(cancelEvaluationReply, 'Whether there was one.'), ...errors },
});

const getRunning = createRoute({
  method: 'get',
  path: '/evaluations/running',
  summary: 'Evaluations that are under way',
  responses: { 200: json(runningEvaluations, 'How far each is.'), ...errors },
});

const getEvaluation = createRoute({
  method: 'get',
  path: '/evaluations/{id}',
  summary: 'An evaluation',
  request: { params: evaluationParameters },
  responses: { 200: json(evaluation, 'Its state, inputs and how its builds stand.'), ...errors },
});

const getErrors = createRoute({
  method: 'get',
  path: '/evaluations/{id}/errors',
  summary: 'The jobs of an evaluation that did not evaluate',
  request: { params: evaluationParameters, query: pagingQuery },
  responses: { 200: json(pageOf(jobError), 'One for each job.'), ...errors },
});

const getNetwork = createRoute({
  method: 'get',
  path: '/evaluations/{id}/network',
  summary: 'What a network says about its hosts, as an evaluation found it',
  request: { params: evaluationParameters },
  responses: { 200: json(z.record(z.string(), z.unknown()), 'The metadata of the network.'), ...errors },
});

const getHosts = createRoute({
  method: 'get',
  path: '/evaluations/{id}/hosts',
  summary: 'The hosts of a network as an evaluation found them, each with the build that is its system',
  request: { params: evaluationParameters },
  responses: { 200: json(evaluationHostsReply, 'What can be rolled out, and what cannot.'), ...errors },
});

const getJobsetHosts = createRoute({
  method: 'get',
  path: '/projects/{project}/jobsets/{jobset}/hosts',
  summary: 'The hosts of the newest evaluation of a jobset that has some',
  request: { params: jobsetParameters },
  responses: { 200: json(evaluationHostsReply, 'What can be rolled out, and what cannot.'), ...errors },
});

export function addEvaluationRoutes(app: V1, deps: ApiDeps): void {
  const { ci } = deps;
  const { evaluations } = ci.database;

  const findJobset = async (c: ApiContext, project: string, name: string): Promise<JobsetRecord> => {
    const jobset = await ci.database.jobsets.find(project, name);
    if (jobset === undefined) throw notFound(`Jobset ‘${project}:${name}’ doesn't exist.`);
    await requirePermission(c, deps, 'evaluate', await projectOf(deps, jobset));
    return jobset;
  };
  const find = async (id: number) => {
    const found = await evaluations.get(id);
    if (found === undefined) throw notFound(`Evaluation ${id} doesn't exist.`);
    return found;
  };

  app.openapi(evaluate, async (c) => {
    const { project, jobset: name } = c.req.valid('param');
    // Without a body there is nothing.
    const force = c.req.valid('json')?.force ?? false;
    const jobset = await findJobset(c, project, name);
    await ci.evaluations.trigger(jobset.id, { force });
    return c.json({ project, jobset: name, force }, 202);
  });

  app.openapi(cancel, async (c) => {
    const { project, jobset: name } = c.req.valid('param');
    const jobset = await findJobset(c, project, name);
    return c.json({ cancelled: await ci.evaluations.cancel(jobset.id) }, 200);
  });

  app.openapi(getRunning, (c) => {
    const running = ci.evaluations.running().map((one) => ({ ...one, current: [...one.current] }));
    return c.json({ evaluations: running }, 200);
  });

  app.openapi(getEvaluation, async (c) => {
    const { jobsetId: _, inputHash: __, ...record } = await find(c.req.valid('param').id);
    const counts = (await evaluations.counts([record.id])).get(record.id);
    return c.json(
      {
        ...record,
        flake: record.flake === null ? null : blankPasswords(record.flake),
        inputs: record.inputs.map((input) => ({
          ...input,
          uri: input.uri === null ? null : blankPasswords(input.uri),
          value: input.value === null ? null : shownValue(input.type, input.value),
        })),
        counts: counts ?? { total: 0, scheduled: 0, succeeded: 0, failed: 0 },
      },
      200,
    );
  });

  app.openapi(getErrors, async (c) => {
    const { id } = await find(c.req.valid('param').id);
    return c.json(cutPage(await evaluations.errors(id), c.req.valid('query')), 200);
  });

  app.openapi(getHosts, async (c) => {
    const record = await find(c.req.valid('param').id);
    const found = await evaluationHosts(ci.database, record);
    if (found === undefined) throw notFound(`Evaluation ${record.id} is not one of a network.`);
    return c.json(hostsReply(record.id, found), 200);
  });

  app.openapi(getJobsetHosts, async (c) => {
    const found = await findEvaluation(ci.database, c.req.valid('param'));
    return c.json(hostsReply(found.evaluation.id, found), 200);
  });

  app.openapi(getNetwork, async (c) => {
    const { id } = await find(c.req.valid('param').id);
    const network = await evaluations.network(id);
    if (network === undefined) throw notFound(`Evaluation ${id} is not one of a network.`);
    return c.json(z.record(z.string(), z.unknown()).parse(JSON.parse(network)), 200);
  });
}

function hostsReply(evaluation: number, { network, hosts, broken }: EvaluationHosts) {
  // Through the schema, whose types are not readonly.
  return evaluationHostsReply.parse({
    evaluation,
    orderingTags: network.orderingTags,
    hosts: hosts.map(({ metadata, build, toplevel, missing }) => ({
      name: metadata.name,
      build: build?.id ?? null,
      toplevel: toplevel ?? null,
      missing: missing ?? null,
      metadata,
    })),
    broken,
  });
}
