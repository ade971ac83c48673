/**
 * Declarative projects: their jobset `.jobsets` makes the others.
 *
 *     .jobsets is due ──> the declaration is fetched and read ──┬──> jobsets by name: they are made so, and that is all
 *                                                               └──> an expression: evaluated and built like any other;
 *                                                                    when its job is built, what is in it is made so
 *
 * A declaration that is wrong in any part changes nothing; it is the error of `.jobsets`. What was built is read when the
 * build ends, when the evaluation ends (it may have been built before), and when the server starts, so that a server
 * that was killed in between catches up: to make jobsets what they are already does nothing.
 */

import { lstat, readFile } from 'node:fs/promises';
import { buildStatus } from '../../db/build-status.ts';
import type { Database } from '../../db/database.ts';
import type { JobsetRecord, ProjectRecord } from '../../db/records.ts';
import type { ServerEvent } from '../../events/event.ts';
import type { InputSpec, ResolvedInput } from '../../inputs/input.ts';
import { storeDir } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { blankPasswords } from '../../util/blank-passwords.ts';
import { errorMessage } from '../../util/error-message.ts';
import { resolveInStore } from '../products/resolve-in-store.ts';
import { applyJobsets } from './apply-jobsets.ts';
import {
  declarativeJob,
  declarativeJobset,
  type ParseDeclared,
  parseBuiltJobsets,
  parseDeclaration,
} from './declaration.ts';

export interface DeclarationDeps {
  /** A patient one. */
  readonly database: Database;
  readonly parse: ParseDeclared;
  readonly emit: (event: ServerEvent) => void;
  /** A jobset was made or changed. */
  readonly onChanged: (jobsetId: number) => void;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** What an evaluation of `.jobsets` begins with. */
export type Declared =
  | { readonly type: 'applied'; readonly changed: boolean }
  /** The jobset as it is now, and the inputs it gets besides its own. */
  | { readonly type: 'expression'; readonly jobset: JobsetRecord; readonly inputs: readonly ResolvedInput[] };

export interface Declarations {
  /** Undefined for other jobsets. Throws `jobset.declaration` and what fetching throws. */
  begin(
    jobset: JobsetRecord,
    fetch: (specs: readonly InputSpec[]) => Promise<readonly ResolvedInput[]>,
  ): Promise<Declared | undefined>;
  /** A build of the jobset, or an evaluation of it, has ended. Costs nothing for other jobsets. */
  ended(jobsetId: number): void;
  /** Catches up with what was built before. */
  start(): Promise<void>;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
}

const maxBytes = 16 * 2 ** 20;

export function createDeclarations(deps: DeclarationDeps): Declarations {
  const { database, parse, emit, onChanged, now, signal } = deps;
  /** The `.jobsets` of all projects. */
  const known = new Set<number>();
  /** One after another: a jobset that is made by two at once would be made twice. */
  let working: Promise<void> = Promise.resolve();

  const apply = async (projectId: number, declared: Parameters<typeof applyJobsets>[2]): Promise<boolean> => {
    const changed = await applyJobsets(database, projectId, declared, now());
    for (const id of changed) onChanged(id);
    return changed.length > 0;
  };

  const applyBuilt = async (jobsetId: number): Promise<void> => {
    const jobset = await database.jobsets.get(jobsetId);
    if (jobset === undefined) {
      known.delete(jobsetId);
      return;
    }
    const evaluation = await database.evaluations.latestWithBuilds(jobsetId);
    if (evaluation?.state !== 'done' || isWithoutExpression(jobset)) return;
    const build = await database.evaluations.findJob(evaluation.id, declarativeJob);
    const [output] = Object.values(build?.outputs ?? {});
    if (build?.status !== buildStatus.succeeded || output == null) return;
    const what = `build ${build.id} of ${jobset.project}:${jobset.name}`;
    try {
      await apply(jobset.projectId, parseBuiltJobsets(await readStoreFile(output, what), what, parse));
      if (jobset.errorMessage?.startsWith(what)) await database.jobsets.setError(jobsetId, null, now());
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'jobset.declaration') throw error;
      const message = blankPasswords(error.message);
      await database.jobsets.setError(jobsetId, message, now());
      emit({ type: 'message', level: 'error', text: message });
    }
  };

  const ended = (jobsetId: number): void => {
    if (!known.has(jobsetId)) return;
    working = working
      .then(() => applyBuilt(jobsetId))
      .catch((error: unknown) => {
        if (signal.aborted) return;
        emit({ type: 'message', level: 'error', text: `declared jobsets: ${errorMessage(error)}` });
      });
  };

  return {
    async begin(jobset, fetch) {
      if (jobset.name !== declarativeJobset) return undefined;
      known.add(jobset.id);
      const project = await database.projects.find(jobset.project);
      const { declarative } = project ?? {};
      if (project === undefined || declarative == null) {
        throw new AppError('jobset.declaration', `project ${jobset.project} has no declaration`);
      }
      const { type, value } = declarative;
      const inputs = await fetch([
        { name: 'declInput', type, value },
        { name: 'projectName', type: 'string', value: project.name },
      ]);
      const { text, where } = await readDeclared(project, inputs);
      const declaration = parseDeclaration(text, where, parse);
      if (declaration.type === 'jobsets') {
        // What was built before says nothing any more.
        if (!isWithoutExpression(jobset)) {
          await database.jobsets.update(jobset.id, {
            ...jobset,
            flake: null,
            nixExprInput: '',
            nixExprPath: '',
          });
        }
        return { type: 'applied', changed: await apply(project.id, declaration.jobsets) };
      }
      await database.jobsets.update(jobset.id, declaration.settings);
      return { type: 'expression', jobset: { ...jobset, ...declaration.settings }, inputs };
    },
    ended,
    async start() {
      for (const { id, name } of await database.jobsets.list()) {
        if (name !== declarativeJobset) continue;
        known.add(id);
        ended(id);
      }
    },
    idle: () => working,
  };
}

function isWithoutExpression({ flake, nixExprInput }: JobsetRecord): boolean {
  return flake === null && (nixExprInput ?? '') === '';
}

async function readDeclared(
  { declarative }: ProjectRecord,
  inputs: readonly ResolvedInput[],
): Promise<{ readonly text: string; readonly where: string }> {
  const file = declarative?.file ?? '';
  const value = inputs.find(({ name }) => name === 'declInput')?.value;
  if (value?.kind !== 'path') {
    throw new AppError(
      'jobset.declaration',
      `the declaration ${file} is wanted in an input that is files, such as git; got one of type ${declarative?.type}`,
    );
  }
  return { text: await readStoreFile(`${value.storePath}/${file}`, file), where: file };
}

/** Throws `jobset.declaration` for what is not there, is no file, is too large, or leads out of the store. */
async function readStoreFile(path: string, where: string): Promise<string> {
  const found = await resolveInStore(path, storeDir);
  const type = found === undefined ? undefined : await lstat(found);
  if (found === undefined || type?.isFile() !== true) {
    throw new AppError('jobset.declaration', `${where}: wanted a file with JSON in it, there is none`);
  }
  if (type.size > maxBytes) {
    throw new AppError('jobset.declaration', `${where}: wanted at most 16 MiB, got ${type.size} bytes`);
  }
  return readFile(found, 'utf8');
}
