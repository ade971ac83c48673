/**
 * Imports from derivations: what a job wants to read must be built first. The evaluator builds nothing itself. A job
 * that lacks something gives its worker back, waits until the scheduler has built it, and is evaluated again; until it
 * lacks something else, and so on. What several jobs want is built once.
 */

import type { EvaluationError } from '../events/event.ts';
import { parseEvaluationError } from '../network/parse-evaluation-error.ts';
import type { StorePath } from '../nix/store-path.ts';
import type { RecoverJob } from './evaluation-run.ts';
import type { JobsetEvaluationDeps } from './jobset-evaluation.ts';
import { missingImport } from './missing-import.ts';

interface Options {
  /** False: only says what is wrong. */
  readonly allowed: boolean;
  readonly buildImported: JobsetEvaluationDeps['buildImported'];
  /** Looks a derivation up by one of its outputs, which need not be built. */
  readonly deriverOf: (output: StorePath) => Promise<StorePath | undefined>;
  readonly showTrace?: boolean | undefined;
}

/** How many different derivations one job may import from, one after the other. */
const maxImports = 100;

export function recoverImports({ allowed, buildImported, deriverOf, showTrace }: Options): RecoverJob {
  const builds = new Map<StorePath, ReturnType<typeof buildImported>>();
  const importsOf = new Map<string, Map<StorePath, number>>();

  async function build(job: string, drvPath: StorePath): Promise<string | undefined> {
    const imports = importsOf.get(job) ?? new Map<StorePath, number>();
    importsOf.set(job, imports);
    const tries = imports.get(drvPath) ?? 0;
    if (tries > 2) return `${drvPath} was built, but Nix still lacks it`;
    if (imports.size >= maxImports) return `it imports from more than ${maxImports} derivations`;
    imports.set(drvPath, tries + 1);
    const building = builds.get(drvPath) ?? buildImported(drvPath);
    builds.set(drvPath, building);
    const outcome = await building;
    return outcome.ok
      ? undefined
      : `it imports from ${drvPath}, which could not be built: ${outcome.message}`;
  }

  return (job, text) => {
    const missing = missingImport(text);
    if (missing === undefined) return undefined;
    const fail = (message: string): EvaluationError => ({
      ...parseEvaluationError(text, { wholeTrace: showTrace }),
      message,
    });
    return (async () => {
      if (!missing.allowed || !allowed) {
        const drvPath = missing.drvPath ?? 'a derivation';
        return fail(
          `it imports from ${drvPath}, which would have to be built first; the jobset does not allow that ` +
            '(its setting allowImportFromDerivation)',
        );
      }
      const found = missing.output === undefined ? undefined : await deriverOf(missing.output);
      const drvPath = found ?? missing.drvPath;
      if (drvPath === undefined)
        return fail(`it imports from ${missing.output}, whose derivation is not known`);
      const problem = await build(job, drvPath);
      return problem === undefined ? undefined : fail(problem);
    })();
  };
}
