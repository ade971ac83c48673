/** One thing that is wrong with a configuration, in words: the key, what was wanted, and what came. Pure. */

import type { z } from 'zod';
import { scrubSecrets } from '../util/scrub-secrets.ts';
import { configSchema, configSections, keyDocs } from './config-schema.ts';

type Table = Readonly<Record<string, unknown>>;

/** `value`: the whole configuration that the issue is about. */
export function describeConfigIssue(issue: z.core.$ZodIssue, value: Table): string {
  const [section] = issue.path;
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(section);
    const where = section === undefined ? '' : ` in [${String(section)}]`;
    return issue.keys
      .map((key) => `there is no key '${key}'${where}${suggest(key, known, section)}`)
      .join('; ');
  }
  const name = issue.path.slice(0, isSection(section) ? 2 : 1).join('.');
  return `${name}: wanted ${wantedForm(issue.path)}, got ${scrubSecrets(JSON.stringify(at(value, issue.path)))}`;
}

function isSection(name: PropertyKey | undefined): name is keyof typeof configSections {
  return name !== undefined && Object.hasOwn(configSections, name);
}

function knownKeys(section: PropertyKey | undefined): readonly string[] {
  return Object.keys(isSection(section) ? configSections[section].shape : configSchema.shape);
}

function wantedForm(path: readonly PropertyKey[]): string {
  const [first, second] = path;
  const shapes: Readonly<Record<PropertyKey, z.ZodType>> = isSection(first)
    ? second === undefined
      ? configSections
      : configSections[first].shape
    : configSchema.shape;
  const schema = shapes[isSection(first) ? (second ?? first) : (first ?? '')];
  return (schema === undefined ? undefined : keyDocs.get(schema)?.form) ?? 'another value';
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (found, key) => (typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined),
    value,
  );
}

/** The key that was meant, where one is near; else all that there are. */
function suggest(key: string, known: readonly string[], section: PropertyKey | undefined): string {
  const home = Object.entries(configSections).find(([, { shape }]) => Object.hasOwn(shape, key))?.[0];
  const near = known.find((candidate) => distance(key, candidate) <= 2);
  if (near !== undefined) return `; did you mean '${near}'?`;
  if (home !== undefined && home !== section) return `; it belongs into the section [${home}]`;
  return `; there are: ${known.join(', ')}`;
}

/** Letters to change, add or take away. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries()) {
      next.push(
        Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)),
      );
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
