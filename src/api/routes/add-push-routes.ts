/** Asking for evaluations: by hand, and by the webhooks of forges, which prove themselves by a signature. */

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Hono } from 'hono';
import { z } from 'zod';
import { type JobsetRecord, jobsetState } from '../../db/records.ts';
import { AppError } from '../../util/app-error.ts';
import type { ApiContext, ApiDeps, ApiEnv } from '../api-deps.ts';
import { projectOf } from '../http/find-records.ts';
import { parseInput } from '../http/parse-input.ts';
import { readBody } from '../http/read-body.ts';
import { parseJsonObject } from '../http/read-params.ts';
import { requirePermission, requireUser } from '../http/require-permission.ts';
import { mediaType } from '../http/wants-json.ts';
import { namesRepository } from '../names-repository.ts';

/** A push of many commits says all of them. */
const maxPayloadBytes = 8 * 1024 * 1024;

const githubPush = z.object({
  repository: z.object({
    name: z.string().min(1),
    owner: z
      .object({ name: z.string().min(1).optional(), login: z.string().min(1).optional() })
      .transform(({ name, login }) => name ?? login)
      .pipe(z.string('wanted the name of the owner')),
  }),
});
const giteaPush = z.object({ repository: z.object({ clone_url: z.string().min(1) }) });

export function addPushRoutes(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const { ci, settings } = deps;
  const { projects, jobsets } = ci.database;

  app.post('/api/push', async (c) => {
    requireUser(c);
    const force = c.req.query('force') !== undefined;
    const wanted: JobsetRecord[] = [];
    for (const name of listOf(c, 'jobsets')) {
      const [project = '', jobset = ''] = name.split(':', 2);
      const found = await jobsets.find(project, jobset);
      if (found === undefined) throw new AppError('api.not-found', `Jobset ‘${name}’ doesn't exist.`);
      if (force || (found.state !== jobsetState.disabled && (await projectOf(deps, found)).enabled)) {
        wanted.push(found);
      }
    }
    const repositories = new Set(listOf(c, 'repos'));
    if (repositories.size > 0) {
      wanted.push(...(await pushed(({ inputs }) => inputs.some(({ value }) => repositories.has(value)))));
    }
    for (const jobset of wanted) await requirePermission(c, deps, 'evaluate', await projectOf(deps, jobset));
    return c.json({ jobsetsTriggered: await trigger(wanted, force) });
  });

  app.post('/api/push-github', async (c) => {
    const { repository } = await readWebhook(c, {
      header: 'X-Hub-Signature-256',
      prefix: 'sha256=',
      secrets: settings.webhookSecrets.github,
      payload: githubPush,
    });
    const name = `github.com/${repository.owner}/${repository.name}`;
    const wanted = await pushed((jobset) =>
      addressesOf(jobset).some((address) => namesRepository(address, name)),
    );
    return c.json({ jobsetsTriggered: await trigger(wanted, false) });
  });

  app.post('/api/push-gitea', async (c) => {
    const { repository } = await readWebhook(c, {
      header: 'X-Gitea-Signature',
      prefix: '',
      secrets: settings.webhookSecrets.gitea,
      payload: giteaPush,
    });
    const wanted = await pushed((jobset) =>
      addressesOf(jobset).some((address) => namesRepository(address, repository.clone_url)),
    );
    return c.json({ jobsetsTriggered: await trigger(wanted, false) });
  });

  /** The jobsets that a push of what they watch has evaluated, newest first: only those that are simply enabled. */
  async function pushed(matches: (jobset: JobsetRecord) => boolean): Promise<readonly JobsetRecord[]> {
    const enabled = new Set((await projects.list()).filter((project) => project.enabled).map(({ id }) => id));
    return (await jobsets.list())
      .filter(
        (jobset) => jobset.state === jobsetState.enabled && enabled.has(jobset.projectId) && matches(jobset),
      )
      .sort((a, b) => b.id - a.id);
  }

  async function trigger(wanted: readonly JobsetRecord[], force: boolean): Promise<readonly string[]> {
    for (const { id } of wanted) await ci.evaluations.trigger(id, { force });
    return wanted.map(({ project, name }) => `${project}:${name}`);
  }
}

function listOf(c: ApiContext, parameter: string): readonly string[] {
  return (c.req.query(parameter) ?? '').split(',').filter((item) => item !== '');
}

function addressesOf({ flake, inputs }: JobsetRecord): readonly string[] {
  return [...(flake === null ? [] : [flake]), ...inputs.map(({ value }) => value)];
}

interface Webhook<T extends z.ZodType> {
  readonly header: string;
  readonly prefix: string;
  readonly secrets: readonly string[];
  readonly payload: T;
}

/** Throws `api.signature` before the payload is looked at. */
async function readWebhook<T extends z.ZodType>(
  c: ApiContext,
  { header, prefix, secrets, payload }: Webhook<T>,
): Promise<z.output<T>> {
  const body = await readBody(c.req.raw, maxPayloadBytes);
  const signature = c.req.header(header);
  if (signature === undefined || secrets.length === 0) {
    throw new AppError('api.signature', 'Missing webhook signature');
  }
  const given = Buffer.from(signature);
  const isSigned = secrets.some((secret) => {
    const expected = Buffer.from(prefix + createHmac('sha256', secret).update(body).digest('hex'));
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  if (!isSigned) throw new AppError('api.signature', 'Invalid webhook signature');
  const isForm = mediaType(c.req.header('Content-Type') ?? '') === 'application/x-www-form-urlencoded';
  const text = isForm ? Buffer.from(new URLSearchParams(body.toString()).get('payload') ?? '') : body;
  return parseInput(payload, parseJsonObject(text));
}
