/** Each remote builder: reachable, trusted, and really able to build for the systems it is said to have. */

import type { Builder } from '../../build/builder.ts';
import { errorMessage } from '../../util/error-message.ts';
import { type Check, ok, problem, warning } from './check.ts';

/** One check per builder, or a note that there is none. */
export async function checkBuilders(
  builders: readonly Builder[],
  signal: AbortSignal,
): Promise<readonly Check[]> {
  if (builders.length === 0)
    return [ok('builders', 'no remote builder is configured: everything is built here')];
  return Promise.all(builders.map((builder) => checkBuilder(builder, signal)));
}

async function checkBuilder(builder: Builder, signal: AbortSignal): Promise<Check> {
  const name = `builder ${builder.name}`;
  try {
    await using store = await builder.open(signal);
    if (store.trusted === false) {
      return warning(
        name,
        `Nix ${store.nixVersion} answers, but does not trust the user we log in as`,
        `add that user to trusted-users in nix.conf on ${builder.name}`,
      );
    }
    return ok(
      name,
      `Nix ${store.nixVersion || '(unknown)'}, ${builder.systems.join(' ')}, ${builder.slots} at a time, features: ${builder.supportedFeatures.join(' ') || 'none'}`,
    );
  } catch (error) {
    return problem(
      name,
      errorMessage(error),
      'try it by hand: ssh HOST nix-daemon --version; the key, the host key and PATH of non-interactive shells are the usual reasons',
    );
  }
}
