/**
 * Other programs that serve a live store, where they are on PATH: harmonia, and nix-serve (also nix-serve-ng, which takes the
 * same flags). One worker each, as what we compare is one process.
 */

import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateSecretKey, printSecretKey } from '../../src/nix/signing-key.ts';
import { type Argv, startProcess } from '../../src/process/start-process.ts';

export interface OtherCache {
  readonly name: string;
  readonly argv: Argv;
  readonly env: Readonly<Record<string, string>>;
  /** What it reads its settings from, where it takes no flags. */
  readonly config?: { readonly file: string; readonly text: string };
}

/** Those of them that `has` finds; `folder` holds the file `key`, with which they sign. */
export function otherCaches(
  folder: string,
  port: number,
  has: (program: string) => boolean,
): readonly OtherCache[] {
  const key = path.join(folder, 'key');
  const config = path.join(folder, 'harmonia.toml');
  const harmonia = ['harmonia-cache', 'harmonia'].find(has);
  const listen = `127.0.0.1:${port}`;
  return [
    ...(harmonia === undefined
      ? []
      : [
          {
            name: 'harmonia',
            argv: [harmonia] as const,
            env: { CONFIG_FILE: config, SIGN_KEY_PATHS: key, SIGN_KEY_PATH: key },
            config: { file: config, text: `bind = "${listen}"\nworkers = 1\npriority = 30\n` },
          },
        ]),
    ...(has('nix-serve')
      ? [
          {
            name: 'nix-serve',
            argv: ['nix-serve', '--listen', listen, '--workers', '1'] as const,
            env: { NIX_SECRET_KEY_FILE: key },
          },
        ]
      : []),
  ];
}

export function onPath(program: string): boolean {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return folders.some((folder) => existsSync(path.join(folder, program)));
}

export async function writeKey(folder: string): Promise<void> {
  await writeFile(path.join(folder, 'key'), printSecretKey(generateSecretKey('bench-1')), { mode: 0o600 });
}

/** Starts one; returns when it answers. */
export async function startOther(cache: OtherCache, url: string): Promise<AsyncDisposable> {
  if (cache.config !== undefined) await writeFile(cache.config.file, cache.config.text);
  const child = await startProcess(cache.argv, { env: { ...process.env, ...cache.env } });
  for (let tries = 0; ; tries++) {
    const answer = await fetch(`${url}/nix-cache-info`).catch(() => undefined);
    if (answer?.ok) break;
    if (tries > 100) {
      await child.kill();
      throw new Error(`${cache.name} does not answer at ${url}`);
    }
    await sleep(100);
  }
  return { [Symbol.asyncDispose]: () => child.kill() };
}
