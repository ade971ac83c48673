/** What is written down about a build when the scheduler is done with it. */

import type { BuildFailure, BuildSuccess } from '../../build/build-queue.ts';
import { buildStatus } from '../../db/build-status.ts';
import type { BuildEnd } from '../../db/database.ts';
import type { BuildRecord } from '../../db/records.ts';
import { storePathName } from '../../nix/store-path.ts';
import type { readBuildProducts } from '../products/read-build-products.ts';
import type { PublishOutputs } from './publish-outputs.ts';
import { buildStatusOf } from './status-of-failure.ts';

type Ended = Omit<BuildEnd, 'startedAt' | 'stoppedAt'>;

/** Publishes the outputs first: nobody may be told of a success that our cache does not have. */
export async function endOfSuccess(
  build: Pick<BuildRecord, 'outputs'>,
  { outputs, cached }: BuildSuccess,
  deps: {
    readonly publish: PublishOutputs;
    readonly readProducts: typeof readBuildProducts;
    readonly signal: AbortSignal;
  },
): Promise<Ended> {
  const sizes = await deps.publish(outputs);
  const { failed, products, metrics, releaseName } = await deps.readProducts(outputs, {
    signal: deps.signal,
  });
  return {
    status: failed ? buildStatus.failedWithOutput : buildStatus.succeeded,
    isCached: cached,
    errorMessage: null,
    outputs: Object.fromEntries([...outputs].filter(([name]) => build.outputs[name] === null)),
    ...sizes,
    releaseName,
    products,
    metrics,
  };
}

export function endOfFailure(build: Pick<BuildRecord, 'drvPath'>, failure: BuildFailure): Ended {
  const isOwn = failure.drvPath === build.drvPath;
  const culprit = storePathName(failure.drvPath).replace(/\.drv$/, '');
  return {
    status: buildStatusOf(failure.reason, isOwn),
    isCached: false,
    errorMessage: isOwn ? failure.message : `${culprit}: ${failure.message}`,
  };
}
