/**
 * Brings systems that a server built into the local store: by what the local Nix fetches from anyway, else out of the
 * cache of the server, with the keys that it says it signs with. Nix takes those from trusted users only.
 */

import { z } from 'zod';
import type { StorePath } from '../../nix/store-path.ts';
import { runProcess } from '../../process/run-process.ts';
import type { Store } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import type { ApiClient } from '../client/api-client.ts';
import { type CliContext, say } from '../context.ts';

const trust = z.object({ publicKeys: z.array(z.string().regex(/^[^\s:]+:[A-Za-z0-9+/=]+$/)).min(1) });

/** `store`: the local one. Throws `store.path-missing` naming those that cannot be had. */
export async function fetchSystems(
  context: CliContext,
  paths: readonly StorePath[],
  { store, client }: { readonly store: Store; readonly client: ApiClient },
): Promise<void> {
  const { signal, env } = context;
  const lacking = async (substitute: boolean): Promise<readonly StorePath[]> => {
    const valid = await store.queryValidPaths(paths, { signal, substitute });
    return paths.filter((path) => !valid.has(path));
  };
  if ((await lacking(false)).length === 0) return;
  const missing = await lacking(true);
  if (missing.length === 0) return;
  say(
    context,
    `fetching ${missing.length === 1 ? '1 system' : `${missing.length} systems`} from ${client.url}`,
  );
  const { publicKeys } = await client.get('/trust?json', trust);
  const options = { 'extra-substituters': client.url, 'extra-trusted-public-keys': publicKeys.join(' ') };
  const args = Object.entries(options).flatMap(([name, value]) => ['--option', name, value]);
  try {
    await runProcess(['nix-store', '--realise', ...missing, ...args], { signal, env });
  } catch (error) {
    if (signal.aborted) throw error;
    say(context, errorMessage(error));
  }
  const left = await lacking(false);
  if (left.length === 0) return;
  throw new AppError('store.path-missing', `${left.join(', ')} cannot be fetched from ${client.url}`, {
    hint: 'Add the server to the substituters and trusted keys of this machine: `proteus cache trust` prints the lines.',
  });
}
