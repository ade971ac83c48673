/**
 * A file or folder of this machine, or what a URL gives. It has no revision of its own: `YYYYmmddHHMMSS:<sha256>`, by the
 * time at which this content was first seen there, so that content which comes back gets its old revision back.
 */

import { realpath } from 'node:fs/promises';
import { isStorePath, parseStorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { type AddedTree, addTree } from '../add-tree.ts';
import type { InputDeps, InputPlugin } from '../input.ts';
import { runTool } from '../run-tool.ts';
import { valueProblem } from '../value-problem.ts';
import { defaultTimeoutMs, within } from '../within.ts';
import { describeStorePath } from './describe-store-path.ts';
import { parsePathValue } from './schema.ts';
import { seenLately } from './seen-lately.ts';
import { storeName } from './store-name.ts';

export const pathInput: InputPlugin = {
  type: 'path',
  title: 'Local path or URL',
  check: (value) => valueProblem(() => parsePathValue(value)),
  async fetch(spec, deps) {
    const { from, validSeconds } = parsePathValue(spec.value);
    const uri = 'path' in from ? from.path : from.url;
    const { storePath, sha256 } = await within(
      deps.timeoutMs ?? defaultTimeoutMs,
      `fetching ${uri}`,
      deps.signal,
      (signal) =>
        seenLately(uri, validSeconds, { ...deps, signal }, () =>
          'path' in from ? addPath(from.path, { ...deps, signal }) : download(from.url, { ...deps, signal }),
        ),
    );
    const revision = `${timestamp(await deps.firstSeen(uri, sha256))}:${sha256}`;
    return {
      name: spec.name,
      type: spec.type,
      value: { kind: 'path', storePath, attributes: { uri, rev: revision } },
      uri,
      revision,
      sha256,
      dependency: null,
    };
  },
};

async function addPath(path: string, deps: InputDeps): Promise<AddedTree> {
  let real: string;
  try {
    real = await realpath(path);
  } catch (cause) {
    throw new AppError('input.fetch', `cannot read ${path}: ${fileProblem(cause)}`, { cause });
  }
  // It is in the store already, or a symlink (`result`) leads there.
  if (isStorePath(real)) {
    const known = await describeStorePath(real, deps);
    if (known !== undefined) return known;
  }
  try {
    return await addTree(real, storeName(path), deps);
  } catch (cause) {
    if (!(cause instanceof AppError) || !/^store\.(?:path-missing|corrupt)$/.test(cause.code)) throw cause;
    throw new AppError('input.fetch', `cannot take ${path} into the store: ${cause.message}`, { cause });
  }
}

async function download(url: string, deps: InputDeps): Promise<AddedTree> {
  const { ok, stdout, complaint } = await runTool(
    ['nix-prefetch-url', '--print-path', '--type', 'sha256', '--name', storeName(url), url],
    {
      env: deps.env,
      alsoPass: ['NIX_CONF_DIR', 'NIX_USER_CONF_FILES', 'NIX_REMOTE', 'NIX_CONFIG'],
      signal: deps.signal,
    },
  );
  if (!ok) throw new AppError('input.fetch', `cannot fetch ${url}: ${complaint}`);
  const storePath = parseStorePath(stdout.trim().split('\n').at(-1) ?? '');
  const known = await describeStorePath(storePath, deps);
  if (known !== undefined) return known;
  throw new AppError(
    'input.fetch',
    `${url} was fetched, but ${storePath} is not in the store ${deps.store.name}`,
  );
}

/** `YYYYmmddHHMMSS` in UTC. */
function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\D/g, '').slice(0, 14);
}

function fileProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file or folder';
  if (code === 'EACCES') return 'the user that Proteus runs as may not';
  if (code === 'ELOOP') return 'its symlinks go round in a circle';
  return errorMessage(error);
}
