/**
 * Reads the configuration of a server: the flags of the command line over the file over the defaults. A key that
 * nobody knows is refused, because a mistyped one would else be ignored in silence.
 */

import { readFile } from 'node:fs/promises';
import { parse, TomlError } from 'smol-toml';
import type { z } from 'zod';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';
import { configSchema, type ServerConfig } from './config-schema.ts';
import { describeConfigIssue } from './describe-config-issue.ts';

/** Read when `--config` does not name another; it need not be there. */
export const defaultConfigFile = '/etc/proteus/proteus.toml';

type Table = Readonly<Record<string, unknown>>;

export interface ConfigSources {
  /** Must exist. Undefined: the default file, when it is there. */
  readonly file?: string | undefined;
  /** What flags say, by key; `undefined` values are left out. They hold over the file. */
  readonly flags?: Table | undefined;
  readonly read?: ((file: string) => Promise<string>) | undefined;
}

export interface LoadedConfig {
  readonly config: ServerConfig;
  /** The file that was read. */
  readonly file: string | undefined;
}

/** Throws `config.invalid` with everything that is wrong, file and key by name. */
export async function loadConfig(sources: ConfigSources = {}): Promise<LoadedConfig> {
  const flags = Object.fromEntries(
    Object.entries(sources.flags ?? {}).filter(([, value]) => value !== undefined),
  );
  const found = await readTable(sources);
  const result = configSchema.safeParse({ ...found.table, ...flags });
  if (result.success) return { config: result.data, file: found.file };
  const lines = result.error.issues.map((issue) => {
    const said = describeConfigIssue(issue, { ...found.table, ...flags });
    return `${place(issue, flags, found.file)}${said}`;
  });
  throw new AppError('config.invalid', lines.join('\n'));
}

function place(issue: z.core.$ZodIssue, flags: Table, file: string | undefined): string {
  const [key] = issue.path;
  if (typeof key === 'string' && key in flags) return '--';
  return file === undefined ? '' : `${file}: `;
}

async function readTable(
  sources: ConfigSources,
): Promise<{ readonly table: Table; readonly file: string | undefined }> {
  const { file = defaultConfigFile, read = (name) => readFile(name, 'utf8') } = sources;
  let text: string;
  try {
    text = await read(file);
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (sources.file === undefined && isMissing) return { table: {}, file: undefined };
    throw new AppError(
      'config.invalid',
      `cannot read the configuration file ${file}: ${errorMessage(cause)}`,
      {
        cause,
      },
    );
  }
  try {
    return { table: parse(text), file };
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [what = ''] = cause.message.replace(/^Invalid TOML document: /, '').split('\n');
    throw new AppError('config.invalid', `${file}:${cause.line}:${cause.column}: not valid TOML: ${what}`, {
      cause,
    });
  }
}
