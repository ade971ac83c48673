/**
 * Has a host build its system itself. What is sent is the derivation with all that it is made of; its own daemon then
 * builds as it is configured there: its jobs and cores, its substituters, builders of its own. Nothing is built here,
 * and what comes of it is not brought here.
 *
 * Asked again after it was cut off it goes on where it was: derivations that have arrived are not sent again, and what
 * was built to its end is not built again. A host that has the system already is asked for nothing.
 */

import { type StorePath, storePathName } from '../../nix/store-path.ts';
import type { BuildResult } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import { printable } from '../../util/printable.ts';
import type { Copied } from '../rollout/host-steps.ts';
import type { HostSession } from '../session/host-session.ts';
import type { CopyOptions, FleetCopier } from './create-fleet-copier.ts';
import { type BuildBlame, watchBuild } from './watch-build.ts';

export interface BuildRequest {
  /** What must come of it. */
  readonly toplevel: StorePath;
  readonly drvPath: StorePath;
}

/**
 * What was sent for it. Throws `deploy.build-failed`, `deploy.build-unsupported`, `deploy.not-trusted`, and what
 * copying throws.
 */
export async function buildOnHost(
  session: HostSession,
  { toplevel, drvPath }: BuildRequest,
  copier: Pick<FleetCopier, 'copy'>,
  options: CopyOptions,
): Promise<Copied> {
  const { store, host } = session;
  const { signal, onLine } = options;
  const isThere = async (): Promise<boolean> => {
    return (await store.queryValidPaths([toplevel], { signal })).size > 0;
  };
  // First, and until the session ends: from then on it stays, whether it is there or comes to be.
  await store.leaseTempRoots([toplevel], { signal });
  if (await isThere()) return { paths: 0, bytes: 0, substituted: 0 };
  const copied = await sendDerivations(session, drvPath, copier, options);

  const failed = (text: string): AppError => new AppError('deploy.build-failed', `${host.name}: ${text}`);
  const watch = watchBuild(onLine);
  const building = store.buildPathsWithResults([{ drvPath, outputs: ['out'] }], {
    signal,
    onLog: watch.onLog,
    asConfigured: true,
  });
  const [built] = await building.catch((error: unknown) => {
    // Older daemons refuse the question where newer ones answer it.
    if (!(error instanceof AppError) || error.code !== 'store.refused') throw error;
    const said = error.cause instanceof AppError ? error.cause.message : error.message;
    throw explained(host.name, watch.explain(drvPath, said), error);
  });
  if (built === undefined) throw failed(`it said nothing of how building ${drvPath} went`);
  if (!succeeded(built.result)) throw explained(host.name, watch.explain(drvPath, built.result.errorMessage));
  const out = built.result.builtOutputs.get('out') ?? toplevel;
  if (out !== toplevel || !(await isThere())) {
    const how = out === toplevel ? 'does not have' : `made ${out} of it instead of`;
    throw failed(`it says that it built ${drvPath}, but ${how} ${toplevel}`);
  }
  return copied;
}

/**
 * Substituters have no derivations, and are not asked for them. Whoever may talk to a daemon may give it paths that are
 * named after their content, as derivations and sources are; for all else it wants signatures or trust.
 */
async function sendDerivations(
  session: HostSession,
  drvPath: StorePath,
  copier: Pick<FleetCopier, 'copy'>,
  options: CopyOptions,
): Promise<Copied> {
  try {
    return await copier.copy(session, { roots: [drvPath], substitute: false }, options);
  } catch (error) {
    if (
      !(error instanceof AppError) ||
      !/lacks a (?:valid )?signature|signature by a trusted key/.test(error.message)
    )
      throw error;
    const what = `what ${storePathName(drvPath)} is built from`;
    throw new AppError(
      'deploy.not-trusted',
      `${session.host.name}: it does not take from ${session.facts.user} ${what}: ${error.message}`,
      { cause: error },
    );
  }
}

function succeeded({ status }: BuildResult): boolean {
  return ['built', 'substituted', 'already-valid', 'resolves-to-already-valid'].includes(status);
}

function explained(host: string, { drvPath, unsupported, ...said }: BuildBlame, cause?: unknown): AppError {
  const reason = printable(said.reason);
  const name = storePathName(drvPath).replace(/\.drv$/, '');
  const lines = said.logTail.map((line) => `\n  | ${printable(line)}`);
  const tail = lines.length === 0 ? '' : `\n  the end of its log:${lines.join('')}`;
  return unsupported
    ? new AppError('deploy.build-unsupported', `${host}: it is no machine to build ${name} on: ${reason}`, {
        cause,
      })
    : new AppError('deploy.build-failed', `${host}: it could not build ${name}: ${reason}${tail}`, { cause });
}
