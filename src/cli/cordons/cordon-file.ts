/**
 * Hosts that take no part in rollouts of this command line, by their names in networks; without a server, that is: one has
 * its own. A small file of JSON, replaced as a whole, so that whoever reads it has all of it or what was there before. One
 * that cannot be read is an error and no empty list: a host that somebody cordoned must not be deployed to for that.
 */

import { readFileSync, statSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { cordonWords } from '../../deploy/cordon-words.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { lockFile } from '../../util/lock-file.ts';
import { parseJson } from '../../util/parse-json.ts';
import { stateDirectory } from '../state-directory.ts';

const cordon = z.strictObject({
  by: z.string(),
  /** Milliseconds since 1970. */
  at: z.number(),
  reason: z.string(),
});
const content = z.strictObject({ version: z.literal(1), hosts: z.record(z.string(), cordon) });

export type Cordon = Readonly<z.output<typeof cordon>>;
export type Cordons = ReadonlyMap<string, Cordon>;

export function cordonFile(env: Readonly<Record<string, string | undefined>>): string {
  return path.join(stateDirectory(env), 'cordons.json');
}

/** By name. Throws `host.cordons-invalid`. */
export function readCordons(file: string): Cordons {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (isMissing(cause)) return new Map();
    throw invalid(file, `cannot be read: ${errorMessage(cause)}`, cause);
  }
  const parsed = content.safeParse(parseJson(text));
  if (!parsed.success) throw invalid(file, `is not what it should be:\n${z.prettifyError(parsed.error)}`);
  return new Map(Object.entries(parsed.data.hosts));
}

/** Nobody else changes it meanwhile. Throws `host.cordons-invalid`. */
export async function changeCordons(file: string, change: (cordons: Cordons) => Cordons): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    using lock = lockFile(`${file}.lock`);
    if (lock === undefined) throw invalid(file, 'is being changed by another process; try again');
    const hosts = Object.fromEntries([...change(readCordons(file))].sort(([a], [b]) => (a < b ? -1 : 1)));
    const draft = `${file}.new`;
    {
      await using handle = await open(draft, 'w', 0o600);
      await handle.writeFile(`${JSON.stringify({ version: 1, hosts }, undefined, 2)}\n`);
      await handle.sync();
    }
    await rename(draft, file);
    await using folder = await open(path.dirname(file), 'r');
    await folder.sync();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw invalid(file, `cannot be written: ${errorMessage(cause)}`, cause);
  }
}

/**
 * Why a host is left alone, as the file says at that moment: a rollout that waits for hours heeds what is said meanwhile.
 * Throws `host.cordons-invalid` where it cannot be read now; later on what was read last counts.
 */
export function watchCordons(file: string): (host: string) => string | undefined {
  let cordons = readCordons(file);
  let seen = versionOf(file);
  return (host) => {
    const version = versionOf(file);
    if (version !== seen) {
      try {
        cordons = readCordons(file);
      } catch {}
      seen = version;
    }
    const found = cordons.get(host);
    return found && cordonWords(found);
  };
}

/** Another one whenever the file was replaced. */
function versionOf(file: string): string {
  const { ino, mtimeMs, size } = statSync(file, { throwIfNoEntry: false }) ?? { ino: 0, mtimeMs: 0, size: 0 };
  return `${ino} ${mtimeMs} ${size}`;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function invalid(file: string, what: string, cause?: unknown): AppError {
  return new AppError('host.cordons-invalid', `${file} ${what}`, { cause });
}
