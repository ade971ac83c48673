/**
 * Everything that can be set for a server, in one schema. Each key carries what the reference page and the messages
 * say of it, so that neither can be forgotten: docs/reference/configuration.md is made from here.
 */

import path from 'node:path';
import { z } from 'zod';
import { parseBytes } from './parse-bytes.ts';
import { parseListen } from './parse-listen.ts';
import { parseSeconds } from './parse-seconds.ts';

export interface KeyDoc {
  /** What a value looks like, to go after "wanted". */
  readonly form: string;
  /** What holds when it is not there, in Markdown. */
  readonly default: string;
  /** What it does. */
  readonly text: string;
}

/** By schema: what is said of a key or a section. */
export const keyDocs = z.registry<KeyDoc>();

/** A value that one of our parsers understands; the message of what it throws is never shown, the form is. */
function parsed<T>(parse: (value: string | number) => T): z.ZodType<T> {
  return z.union([z.string(), z.int()]).transform((value, context) => {
    try {
      return parse(value);
    } catch {
      context.addIssue({ code: 'custom', message: 'not in the form that is wanted' });
      return z.NEVER;
    }
  });
}

const absolutePath = (): z.ZodString => z.string().refine((text) => path.isAbsolute(text));
const seconds = (): z.ZodType<number> => parsed(parseSeconds);
const bytes = (): z.ZodType<number> => parsed(parseBytes);
const isHttp = (text: string): boolean => /^https?:\/\/[^/?#]+/.test(text) && URL.canParse(text);
const isNarPlace = (text: string): boolean => path.isAbsolute(text) || /^s3:\/\/[^/?]+/.test(text);
const isDatabase = (text: string): boolean => /^(?:sqlite:|sqlite:\/\/)?\/|^postgres(?:ql)?:\/\//.test(text);

const builders = z.strictObject({
  local: z.boolean().default(true).register(keyDocs, {
    form: 'true or false',
    default: '`true`',
    text: 'Whether the machine of the server builds, too.',
  }),
  machines: z.array(z.string()).default([]).register(keyDocs, {
    form: 'a list of lines in the form of /etc/nix/machines',
    default: 'none',
    text: 'Builders, besides those of the machines file.',
  }),
  'machines-file': absolutePath().default('/etc/nix/machines').register(keyDocs, {
    form: 'an absolute path',
    default: '`/etc/nix/machines`',
    text: 'A file that names builders. It is read again whenever it changes, and need not be there.',
  }),
});

const evaluation = z.strictObject({
  concurrent: z.int().min(1).default(4).register(keyDocs, {
    form: 'a whole number from 1',
    default: '`4`',
    text: 'Jobsets that are evaluated at a time.',
  }),
  workers: z.int().min(1).optional().register(keyDocs, {
    form: 'a whole number from 1',
    default: 'one per processor',
    text: 'Evaluation workers of one jobset.',
  }),
  memory: bytes().optional().register(keyDocs, {
    form: 'a size such as "4 GiB"',
    default: '80 % of the memory of the machine',
    text: 'What the workers of one jobset may hold together.',
  }),
  timeout: seconds().default(3600).register(keyDocs, {
    form: 'a time such as 600 (seconds) or "1 h"',
    default: '`"1 h"`',
    text: 'An evaluation that takes longer fails.',
  }),
  'allowed-uris': z.array(z.string().min(1)).default([]).register(keyDocs, {
    form: 'a list of URL prefixes',
    default: 'none',
    text: 'What expressions may fetch besides the inputs of their jobset.',
  }),
});

const limits = z.strictObject({
  timeout: seconds().default(36_000).register(keyDocs, {
    form: 'a time such as 600 (seconds) or "10 h"; 0: none',
    default: '`"10 h"`',
    text: 'A step that takes longer fails, unless `meta.timeout` of its job says otherwise.',
  }),
  silence: seconds().default(3600).register(keyDocs, {
    form: 'a time such as 600 (seconds) or "1 h"; 0: none',
    default: '`"1 h"`',
    text: 'A step that prints nothing for longer fails, unless `meta.maxSilent` of its job says otherwise.',
  }),
  log: bytes()
    .default(64 * 2 ** 20)
    .register(keyDocs, {
      form: 'a size such as "64 MiB"; 0: none',
      default: '`"64 MiB"`',
      text: 'A step that prints more fails.',
    }),
  output: bytes().default(0).register(keyDocs, {
    form: 'a size such as "4 GiB"; 0: none',
    default: '`0`',
    text: 'A step whose outputs are larger together fails.',
  }),
});

const webhooks = z.strictObject({
  github: z.array(absolutePath()).default([]).register(keyDocs, {
    form: 'a list of absolute paths',
    default: 'none',
    text: 'Files with the secrets, one each, of which GitHub’s pushes must be signed with one.',
  }),
  gitea: z.array(absolutePath()).default([]).register(keyDocs, {
    form: 'a list of absolute paths',
    default: 'none',
    text: 'The same for Gitea and Forgejo.',
  }),
});

const retention = z.strictObject({
  every: seconds().default(86_400).register(keyDocs, {
    form: 'a time such as "1 d"; 0: never by itself',
    default: '`"1 d"`',
    text: 'How often the garbage collector is given what no jobset keeps any more.',
  }),
  'cache-grace': seconds()
    .default(30 * 86_400)
    .register(keyDocs, {
      form: 'a time such as "30 d"',
      default: '`"30 d"`',
      text: 'How long caches keep what was added or served. Clients remember what they were told for 30 days.',
    }),
  failures: seconds()
    .default(7 * 86_400)
    .register(keyDocs, {
      form: 'a time such as "7 d"',
      default: '`"7 d"`',
      text: 'For how long a derivation that failed is not tried again.',
    }),
});

const uploads = z.strictObject({
  file: bytes()
    .default(16 * 2 ** 30)
    .register(keyDocs, {
      form: 'a size such as "16 GiB"',
      default: '`"16 GiB"`',
      text: 'What one file that is uploaded to a cache may have.',
    }),
  nar: bytes()
    .default(64 * 2 ** 30)
    .register(keyDocs, {
      form: 'a size such as "64 GiB"',
      default: '`"64 GiB"`',
      text: 'What the NAR in it may have when it is unpacked.',
    }),
  'undeclared-references': z.enum(['refuse', 'accept']).default('refuse').register(keyDocs, {
    form: '"refuse" or "accept"',
    default: '`"refuse"`',
    text: 'What becomes of a path that mentions others of its cache and does not say that it refers to them.',
  }),
});

const nars = z.strictObject({
  at: z.string().refine(isNarPlace).optional().register(keyDocs, {
    form: 'an absolute path, or s3://BUCKET[/PREFIX]?endpoint=URL[&region=REGION][&timeout=SECONDS]',
    default: '`nars` in the data directory',
    text: 'Where files with NARs are kept. The keys for S3 come from `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.',
  }),
  keep: z.boolean().default(true).register(keyDocs, {
    form: 'true or false',
    default: '`true`',
    text: 'Whether what is built is kept as files, too, so that it outlives the garbage collection of the store.',
  }),
  'x-accel': z
    .string()
    .regex(/^\/(?:[\w.-]+\/)+$/)
    .optional()
    .register(keyDocs, {
      form: 'a path such as /_nar/',
      default: 'none: the server sends files itself',
      text: 'Where an nginx in front has the folder `nar` of the files, as an internal location: it then sends them.',
    }),
});

const rollouts = z.strictObject({
  identity: absolutePath().optional().register(keyDocs, {
    form: 'an absolute path',
    default: 'those of the user that the server runs as',
    text: 'The private ssh key that hosts are logged in to with.',
  }),
  user: z
    .string()
    .regex(/^[A-Za-z_][\w.-]*\$?$/)
    .optional()
    .register(keyDocs, {
      form: 'the name of a user',
      default: 'ssh’s own choice',
      text: 'Who logs in to hosts that do not say so by `deployment.targetUser`.',
    }),
  'known-hosts': absolutePath().optional().register(keyDocs, {
    form: 'an absolute path',
    default: 'those of the user that the server runs as',
    text: 'A file with the keys of hosts, in the form of ~/.ssh/known_hosts. A host whose key is not known is refused.',
  }),
  'ssh-config': absolutePath().optional().register(keyDocs, {
    form: 'an absolute path',
    default: 'that of the user that the server runs as',
    text: 'A configuration file for ssh.',
  }),
  secrets: absolutePath().optional().register(keyDocs, {
    form: 'an absolute path',
    default: 'none: hosts with secrets cannot be given them by the server',
    text: 'A folder with the secrets of hosts: a source that a network names is looked for there, and nowhere else.',
  }),
  'age-identity': absolutePath().optional().register(keyDocs, {
    form: 'an absolute path',
    default: 'none',
    text: 'The file with the keys that secrets are decrypted with which are encrypted with age.',
  }),
});

const sections = { builders, evaluation, limits, webhooks, retention, uploads, nars, rollouts };
const sectionTexts: Readonly<Record<keyof typeof sections, string>> = {
  builders: 'Where things are built.',
  evaluation: 'How jobsets are evaluated.',
  limits: 'What a build step may use.',
  webhooks: 'Pushes that other servers tell us of.',
  retention: 'What is kept, and for how long.',
  uploads: 'What clients may put into caches.',
  nars: 'Files with NARs, which caches give to clients.',
  rollouts: 'How hosts are reached when the server rolls out to them.',
};
for (const [name, section] of Object.entries(sections)) {
  const text = sectionTexts[name as keyof typeof sections]; // the keys of `sections` itself
  section.register(keyDocs, { form: `a section, [${name}]`, default: '', text });
}

export const configSchema = z.strictObject({
  'data-directory': absolutePath().optional().register(keyDocs, {
    form: 'an absolute path',
    default: '`/var/lib/proteus` for root, else `$XDG_STATE_HOME/proteus/server`',
    text: 'Where the server keeps what must survive: database, logs, clones, keys. One server at a time.',
  }),
  database: z.string().refine(isDatabase).optional().register(keyDocs, {
    form: 'postgres://USER@HOST/NAME or the absolute path of an SQLite file',
    default: '`proteus.db` in the data directory',
    text: 'Where projects, jobsets, evaluations and builds are kept.',
  }),
  listen: parsed((value) => parseListen(String(value)))
    .default({ host: '127.0.0.1', port: 3000 })
    .register(keyDocs, {
      form: 'HOST:PORT, such as 0.0.0.0:3000 or [::1]:3000',
      default: '`127.0.0.1:3000`',
      text: 'The address to listen on. Port 0 takes a free one.',
    }),
  'base-url': z.string().refine(isHttp).optional().register(keyDocs, {
    form: 'a URL such as https://ci.example.org',
    default: 'what `listen` says, with the name of the machine for 0.0.0.0',
    text: 'How people and clients reach the server, when something stands before it.',
  }),
  keys: z.array(absolutePath()).default([]).register(keyDocs, {
    form: 'a list of absolute paths of secret key files',
    default: 'one made at the first start, `keys/cache.secret` in the data directory',
    text: 'What the cache signs with. Every path is signed with all of them.',
  }),
  priority: z.int().min(0).default(30).register(keyDocs, {
    form: 'a whole number',
    default: '`30`',
    text: 'Priority of the cache: clients ask lower numbers first, and cache.nixos.org says 40.',
  }),
  'front-door': z.boolean().default(true).register(keyDocs, {
    form: 'true or false',
    default: '`true`',
    text: 'Whether narinfos, the most common requests, are answered before the HTTP server sees them, which is faster.',
  }),
  private: z.boolean().default(false).register(keyDocs, {
    form: 'true or false',
    default: '`false`',
    text: 'Whether reading, too, needs a login or token; of the cache at the root as well: see caches.md.',
  }),
  builders: builders.prefault({}),
  evaluation: evaluation.prefault({}),
  limits: limits.prefault({}),
  webhooks: webhooks.prefault({}),
  retention: retention.prefault({}),
  uploads: uploads.prefault({}),
  nars: nars.prefault({}),
  rollouts: rollouts.prefault({}),
});

export const configSections = sections;
export type ServerConfig = z.output<typeof configSchema>;
