/**
 * Whether there is a nix-eval-jobs on PATH that does what we need, seen by trying it on three attributes. Versions
 * differ in flags and output, and it must be built against the Nix that is installed.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runProcess } from '../../process/run-process.ts';
import { isOnPath } from '../../process/start-process.ts';
import { AppError } from '../../util/app-error.ts';
import { commandLine } from './command-line.ts';
import { parseLine } from './parse-line.ts';

interface Options {
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

const root =
  'let d = name: derivation { inherit name; system = "proteus-probe"; builder = "none"; }; in ' +
  '{ good = d "good"; bad = throw "bad"; deep.er = d "deeper"; }';

/** By the PATH it was looked for in: it takes a while, and does not change while a server runs. */
const answers = new Map<string, Promise<boolean>>();

/** Throws `interrupted`. */
export async function isProven({ signal, env = process.env }: Options): Promise<boolean> {
  const searched = env.PATH ?? '';
  if (!isOnPath('nix-eval-jobs', searched)) return false;
  const answer = answers.get(searched) ?? probe({ signal, env });
  answers.set(searched, answer);
  try {
    return await answer;
  } catch (error) {
    answers.delete(searched);
    throw error;
  }
}

async function probe({ signal, env }: Options): Promise<boolean> {
  const roots = await mkdtemp(path.join(tmpdir(), 'proteus-probe-'));
  try {
    const request = { source: 'probe', root, jobs: 'discover', freshRoot: false } as const;
    const argv = commandLine(request, { workers: 1 }, roots);
    // Some versions end with 1 although all is told; then it cannot be told from a crash.
    const { stdout } = await runProcess(argv, {
      signal,
      timeoutMs: 30_000,
      ...(env === undefined ? {} : { env }),
    });
    const lines = stdout.trim().split('\n').map(parseLine);
    const found = lines.map((line) =>
      line === undefined ? '' : `${line.attrPath.join('.')} ${'error' in line ? 'error' : line.name}`,
    );
    return found.toSorted().join() === 'bad error,deep.er deeper,good good';
  } catch (error) {
    if (error instanceof AppError && error.code === 'interrupted') throw error;
    return false;
  } finally {
    await rm(roots, { recursive: true, force: true });
  }
}
