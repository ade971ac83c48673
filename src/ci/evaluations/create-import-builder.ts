/**
 * Builds what an evaluation imports from derivations, through the scheduler like everything else, and keeps it from the
 * garbage collector until the evaluation is over.
 */

import type { Scheduler } from '../../build/scheduler.ts';
import type { JobsetEvaluationDeps } from '../../evaluate/jobset-evaluation.ts';
import { storePathName } from '../../nix/store-path.ts';
import type { TempRootLease } from '../../store/store.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { newImportId } from '../builds/import-id.ts';

/** An evaluation waits for it, and with it all its other jobs: before what only wants to be built. */
const importPriority = 1_000_000;

export function createImportBuilder(options: {
  readonly scheduler: Pick<Scheduler, 'enqueue'>;
  readonly lease: TempRootLease;
  /** The jobset's id. */
  readonly share: number;
  readonly signal: AbortSignal;
}): JobsetEvaluationDeps['buildImported'] {
  const { scheduler, lease, share, signal } = options;
  return async (drvPath) => {
    const id = newImportId();
    try {
      await lease.add([drvPath]);
      const ticket = { id, share, globalPriority: 0, priority: importPriority, signal };
      const outcome = await scheduler.enqueue(drvPath, ticket);
      signal.throwIfAborted();
      if (outcome.ok) {
        await lease.add([...outcome.outputs.values()]);
        return { ok: true };
      }
      const culprit = storePathName(outcome.drvPath).replace(/\.drv$/, '');
      return { ok: false, message: [`${culprit}: ${outcome.message}`, ...outcome.logTail].join('\n') };
    } catch (error) {
      if (signal.aborted)
        throw new AppError('interrupted', 'the evaluation was interrupted', { cause: error });
      return { ok: false, message: errorMessage(error) };
    }
  };
}
