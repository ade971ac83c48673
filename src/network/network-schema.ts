/**
 * The JSON of `info.deployment`, as any eval-machines.nix gives it. Read as leniently as Morph reads it: the case of
 * keys does not matter, what is unknown is ignored (old module systems leave `_module` everywhere), and what is
 * missing or null has the value of the option's default.
 */

import { z } from 'zod';
import type { HostMetadata } from './network.ts';

/** Keys in lower case, for sets with known keys; never for maps whose keys are names that people chose. */
const anyCase = <T extends z.ZodType>(schema: T) =>
  z.preprocess(
    (value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key.toLowerCase(), member]))
        : value,
    schema,
  );

const or = <T>(schema: z.ZodType<T>, fallback: T) => schema.nullish().transform((value) => value ?? fallback);
const text = (fallback = '') => or(z.string(), fallback);
const flag = (fallback: boolean) => or(z.boolean(), fallback);
const number = (fallback: number) => or(z.int(), fallback);
const texts = or(z.array(z.string()), []);
const textsByName = or(z.record(z.string(), z.string()), {});

const age = anyCase(
  z.object({
    file: z.string(),
    identity: z
      .string()
      .nullish()
      .transform((value) => value ?? undefined),
  }),
);

/** Absent rather than undefined, as in networks that Morph reads. */
const secret = anyCase(
  z.object({
    source: text(),
    command: z.array(z.string()).nullish(),
    text: z.string().nullish(),
    textleftout: z.literal(true).nullish(),
    age: age.nullish(),
    destination: z.string(),
    owner: or(anyCase(z.object({ user: text('root'), group: text('root') })), {
      user: 'root',
      group: 'root',
    }),
    permissions: text('0400'),
    action: texts,
    mkdirs: flag(true),
    uploadat: or(z.enum(['pre-activation', 'post-activation']), 'pre-activation'),
  }),
).transform((value) => {
  const {
    mkdirs: mkDirs,
    uploadat: uploadAt,
    command,
    text: content,
    textleftout,
    age: encrypted,
    ...rest
  } = value;
  return {
    ...rest,
    mkDirs,
    uploadAt,
    ...(command && { command }),
    ...(typeof content === 'string' && { text: content }),
    ...(textleftout && { textLeftOut: textleftout }),
    ...(encrypted && { age: encrypted }),
  };
});

const commandCheck = anyCase(
  z.object({
    description: text(),
    cmd: z
      .array(z.string())
      .nullish()
      .transform((value) => value ?? null),
    period: number(2),
    timeout: number(5),
  }),
);

const httpCheck = anyCase(
  z.object({
    description: text(),
    host: or(z.string().nullable(), null),
    scheme: text('http'),
    port: z.int(),
    path: text('/'),
    headers: textsByName,
    period: number(2),
    timeout: number(5),
    insecuressl: flag(false),
  }),
).transform(({ insecuressl: insecureSSL, ...rest }) => ({ ...rest, insecureSSL }));

const checks = or(
  anyCase(z.object({ cmd: or(z.array(commandCheck), []), http: or(z.array(httpCheck), []) })),
  { cmd: [], http: [] },
);

const host = anyCase(
  z.object({
    name: z.string(),
    targethost: text(),
    targetport: or(z.int().nullable(), null),
    targetuser: text(),
    buildonly: flag(false),
    buildontarget: flag(false),
    substituteondestination: flag(false),
    tags: texts,
    secrets: or(z.record(z.string(), secret), {}),
    predeploychecks: checks,
    healthchecks: checks,
    nixosrelease: text(),
    nixconfig: textsByName,
  }),
).transform(
  (value): HostMetadata => ({
    name: value.name,
    targetHost: value.targethost,
    targetPort: value.targetport,
    targetUser: value.targetuser,
    buildOnly: value.buildonly,
    buildOnTarget: value.buildontarget,
    substituteOnDestination: value.substituteondestination,
    tags: value.tags,
    secrets: value.secrets,
    preDeployChecks: value.predeploychecks,
    healthChecks: value.healthchecks,
    nixosRelease: value.nixosrelease,
    nixConfig: value.nixconfig,
  }),
);

export const networkSchema = anyCase(
  z.object({
    hosts: or(z.array(host), []),
    meta: or(
      anyCase(
        z.object({
          description: text(),
          ordering: or(anyCase(z.object({ tags: texts })), { tags: [] }),
        }),
      ),
      { description: '', ordering: { tags: [] } },
    ),
  }),
).transform(({ hosts, meta }) => ({
  hosts,
  description: meta.description,
  orderingTags: meta.ordering.tags,
}));
