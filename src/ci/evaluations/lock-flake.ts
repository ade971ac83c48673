/** The URL of a flake with the revision pinned that it has now. */

import { z } from 'zod';
import { runProcess } from '../../process/run-process.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';

const metadata = z.object({ url: z.string().min(1) });
const timeoutMs = 600_000;

/** Throws `input.fetch`, and `input.invalid` for what is no URL of a flake, `interrupted`. */
export async function lockFlake(
  url: string,
  {
    signal,
    env,
  }: { readonly signal: AbortSignal; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<string> {
  if (!/^[a-z][a-z0-9+.-]*:\S+$|^[\w-]+(?:\/\S+)?$/i.test(url)) {
    throw new AppError(
      'input.invalid',
      `wanted the URL of a flake such as github:owner/name, got ${JSON.stringify(url)}`,
    );
  }
  const features = ['--extra-experimental-features', 'nix-command flakes'];
  const argv = ['nix', ...features, 'flake', 'metadata', '--refresh', '--json', '--', url] as const;
  try {
    const { stdout } = await runProcess(argv, { signal, env, timeoutMs });
    return metadata.parse(JSON.parse(stdout)).url;
  } catch (cause) {
    if (cause instanceof AppError && (cause.code === 'interrupted' || cause.code === 'process.missing'))
      throw cause;
    throw new AppError('input.fetch', `the flake ${url} cannot be fetched: ${errorMessage(cause)}`, {
      cause,
    });
  }
}
