/**
 * What a declarative project says of its jobsets (hydra.md §2.9). The file of its declaration is JSON in one of two
 * forms: an object of jobsets by name, or the settings of the jobset `.jobsets` itself, whose one job `jobsets` is a file
 * with such an object in it. The first is told by all its values being objects.
 */

import type { JobsetSettings } from '../../db/records.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';

/** The jobset that makes the others of a project. */
export const declarativeJobset = '.jobsets';
/** The one job it has. */
export const declarativeJob = 'jobsets';

/** Inputs that its expression gets besides its own: the declaration, and whose it is. */
const givenInputs: readonly string[] = ['declInput', 'projectName'];

/** Checks the settings of one jobset as a declaration has them. Throws an AppError that says what is wrong. */
export type ParseDeclared = (name: string, spec: unknown) => JobsetSettings;

export type Declaration =
  | { readonly type: 'jobsets'; readonly jobsets: readonly JobsetSettings[] }
  /** How `.jobsets` is to be evaluated. */
  | { readonly type: 'expression'; readonly settings: JobsetSettings };

/** Throws `jobset.declaration`, which names everything that is wrong; `where` is for people. */
export function parseDeclaration(text: string, where: string, parse: ParseDeclared): Declaration {
  const spec = parseObject(text, where);
  const values = Object.values(spec);
  if (values.every(isObject)) return { type: 'jobsets', jobsets: parseJobsets(spec, where, parse) };
  try {
    const settings = { ...parse('jobsets', spec), name: declarativeJobset };
    const taken = settings.inputs.find(({ name }) => givenInputs.includes(name));
    if (taken === undefined) return { type: 'expression', settings };
    throw invalid(where, `inputs: ${taken.name} is given by itself, and cannot be another`);
  } catch (cause) {
    if (cause instanceof AppError && cause.code !== 'jobset.declaration') {
      throw invalid(where, errorMessage(cause), cause);
    }
    throw cause;
  }
}

/** What the build of `.jobsets` gave. Throws `jobset.declaration`. */
export function parseBuiltJobsets(
  text: string,
  where: string,
  parse: ParseDeclared,
): readonly JobsetSettings[] {
  return parseJobsets(parseObject(text, where), where, parse);
}

function parseJobsets(
  spec: Readonly<Record<string, unknown>>,
  where: string,
  parse: ParseDeclared,
): readonly JobsetSettings[] {
  const jobsets: JobsetSettings[] = [];
  const problems: string[] = [];
  for (const [name, one] of Object.entries(spec)) {
    try {
      jobsets.push(parse(name, one));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      problems.push(`jobset ${JSON.stringify(name)}: ${error.message}`);
    }
  }
  if (problems.length > 0) throw invalid(where, problems.slice(0, 20).join('\n'));
  return jobsets;
}

function parseObject(text: string, where: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(where, `it is not JSON: ${errorMessage(cause)}`, cause);
  }
  if (!isObject(value)) throw invalid(where, 'wanted an object of jobsets by name');
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(where: string, why: string, cause?: unknown): AppError {
  return new AppError('jobset.declaration', `${where}: ${why}`, { cause });
}
