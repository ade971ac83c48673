/**
 * A saved plan, as it may come from a file or over the network: everything in it ends on command lines and on hosts, so
 * nothing of it is taken on trust. Unknown fields are refused; what the types cannot say is looked at one by one: addresses,
 * names that are there twice, waves that are not the hosts in their order.
 */

import { z } from 'zod';
import { isDerivationPath, isStorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { checkSshTarget } from '../check-ssh-target.ts';
import { type DeployPlan, switchActions } from '../deploy-plan.ts';

const whole = z.int().min(0);
const count = z.int().min(1);
const texts = z.array(z.string());
/** In journals, progress and messages: on one line, and no end of it. */
const name = z.string().regex(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,255}$/u, 'wanted a name on one line');
const storePath = z
  .string()
  .refine(isStorePath, 'wanted a store path like /nix/store/<32 characters>-<name>');

const commandCheck = z.strictObject({
  description: z.string(),
  cmd: texts.nullable(),
  period: z.int(),
  timeout: z.int(),
});
const httpCheck = z.strictObject({
  description: z.string(),
  host: z.string().nullable(),
  scheme: z.string(),
  port: z.int(),
  path: z.string(),
  headers: z.record(z.string(), z.string()),
  period: z.int(),
  timeout: z.int(),
  insecureSSL: z.boolean(),
});
const checks = z.strictObject({ cmd: z.array(commandCheck), http: z.array(httpCheck) });

const secret = z.strictObject({
  source: z.string(),
  command: texts.optional(),
  text: z.string().optional(),
  textLeftOut: z.literal(true).optional(),
  age: z.strictObject({ file: z.string(), identity: z.string().optional() }).optional(),
  destination: z.string(),
  owner: z.strictObject({ user: z.string(), group: z.string() }),
  permissions: z.string(),
  action: texts,
  mkDirs: z.boolean(),
  uploadAt: z.enum(['pre-activation', 'post-activation']),
});

const host = z.strictObject({
  name,
  target: z.strictObject({
    host: z.string(),
    port: z.int().optional(),
    user: z.string().optional(),
  }),
  toplevel: storePath,
  build: z
    .strictObject({ drvPath: storePath.refine(isDerivationPath, 'wanted the store path of a .drv file') })
    .optional(),
  buildOnly: z.boolean(),
  substitute: z.boolean(),
  tags: texts,
  secrets: z.record(z.string(), secret),
  preDeployChecks: checks,
  healthChecks: checks,
});

const source = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('network'), file: z.string() }),
  z.strictObject({
    type: z.literal('evaluation'),
    // Left out in JSON where it is undefined.
    server: z
      .string()
      .optional()
      .transform((value) => value),
    project: z.string(),
    jobset: z.string(),
    evaluation: count,
  }),
  z.strictObject({ type: z.literal('paths') }),
]);

/** Also for requests that give parts of one. */
export const policySchema = z.strictObject({
  parallel: count,
  maxUnavailable: count,
  failureBudget: whole,
  soak: whole,
  unreachable: z.enum(['fail', 'skip', 'queue']),
  queueFor: whole,
  rollBack: z.boolean(),
  activationTimeout: whole,
  confirmTimeout: whole,
  checkTimeout: whole,
  rebootTimeout: whole,
  windows: z.array(
    z.strictObject({
      days: z.array(z.int().min(0).max(6)),
      from: z.int().min(0).max(1439),
      to: z.int().min(0).max(1440),
    }),
  ),
});

/** Throws no error of ours: `parsePlan` does. */
export const planSchema = z
  .strictObject({
    version: z.literal(1),
    action: z.enum([...switchActions, 'push']),
    source,
    hosts: z.array(host),
    waves: z.array(z.array(name)),
    policy: policySchema,
    uploadSecrets: z.boolean(),
    reboot: z.boolean(),
    skipPreDeployChecks: z.boolean(),
    skipHealthChecks: z.boolean(),
    force: z.boolean().optional(),
  })
  .transform((plan): DeployPlan => {
    const { source: from } = plan;
    return from.type === 'evaluation'
      ? { ...plan, source: { ...from, server: from.server } }
      : { ...plan, source: from };
  })
  .superRefine((plan, context) => {
    const names = plan.hosts.map((planned) => planned.name);
    const twice = names.find((text, index) => names.indexOf(text) !== index);
    if (twice !== undefined)
      context.addIssue({ code: 'custom', message: `the host ${twice} is there twice` });
    const inWaves = plan.waves.flat();
    if (inWaves.length !== names.length || inWaves.some((text, index) => text !== names[index])) {
      const message = 'the waves together must be all hosts, each once, in order';
      context.addIssue({ code: 'custom', path: ['waves'], message });
    }
    for (const { name: text, target, buildOnly } of plan.hosts) {
      const problem = buildOnly ? undefined : problemOf(() => checkSshTarget(text, target));
      if (problem !== undefined) context.addIssue({ code: 'custom', path: ['hosts'], message: problem });
    }
  });

/** Throws `rollout.plan-invalid`; `where` names what was read. */
export function parsePlan(value: unknown, where: string): DeployPlan {
  const parsed = planSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError(
    'rollout.plan-invalid',
    `${where} is no plan of a rollout:\n${z.prettifyError(parsed.error)}`,
  );
}

function problemOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}
