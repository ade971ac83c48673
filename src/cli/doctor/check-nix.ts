/** The local Nix: does the store answer, are we trusted, can it build, sandboxed? */

import type { Builder } from '../../build/builder.ts';
import { openStore } from '../../store/open-store.ts';
import { errorMessage } from '../../util/error-message.ts';
import { type Check, ok, problem, warning } from './check.ts';
import { probeBuild } from './probe-build.ts';

/** Checks of the store and of a build on it. */
export async function checkNix(builder: Builder, signal: AbortSignal): Promise<readonly Check[]> {
  try {
    await using store = await openStore({ type: 'local' }, { signal, settings: builder.settings });
    const { major, minor } = store.protocol;
    const talks = ok('store', `Nix ${store.nixVersion || '(unknown)'}, protocol ${major}.${minor}`);
    const trusted =
      store.trusted === false
        ? problem(
            'trust',
            'the daemon does not trust this user: it refuses what builders and caches hand over',
            'add this user to trusted-users in /etc/nix/nix.conf and restart nix-daemon, or run as root',
          )
        : ok('trust', 'this user may add paths and build without restriction');
    return [talks, trusted, await checkBuild(builder, signal)];
  } catch (error) {
    return [
      problem('store', errorMessage(error), 'start nix-daemon, or run as root where there is no daemon'),
    ];
  }
}

async function checkBuild(builder: Builder, signal: AbortSignal): Promise<Check> {
  const system = builder.systems[0] ?? 'unknown';
  const result = await probeBuild(builder, system, signal);
  if (result.ok) {
    return ok(
      'build',
      `a probe for ${system} built; features: ${builder.supportedFeatures.join(' ') || 'none'}`,
    );
  }
  return warning(
    'build',
    `a probe for ${system} does not build: ${result.message}`,
    'sandboxed builds need /bin/sh inside: set sandbox-paths = /bin/sh=/bin/busybox (busybox-static) in nix.conf; as root without build users set build-users-group to nothing',
  );
}
