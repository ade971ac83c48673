/** Writes attempts to a real database, as the server does: a transaction when one begins, another when it ends. */

import type { StepRecorder } from '../../src/build/scheduler.ts';
import { buildStatus, stepPhase } from '../../src/db/build-status.ts';
import type { Database } from '../../src/db/database.ts';

export function databaseRecorder({ steps }: Database): StepRecorder {
  return {
    async begin(attempt) {
      const { owner, outputs } = attempt;
      const number = await steps.begin({
        buildId: owner,
        type: 'build',
        drvPath: attempt.drvPath,
        phase: stepPhase.preparing,
        startedAt: attempt.startedAt,
        builder: attempt.builder,
        system: attempt.system,
        emulated: attempt.emulated,
        propagatedFrom: null,
        logFile: attempt.logFile,
        outputs,
      });
      return {
        phase: (phase) => {
          if (phase === 'building') void steps.setPhase(owner, number, stepPhase.building);
        },
        async end({ endedAt, result }) {
          await steps.end(owner, number, {
            status: result.ok ? buildStatus.succeeded : buildStatus.failed,
            errorMessage: result.ok ? null : result.message,
            stoppedAt: endedAt,
          });
        },
      };
    },
    refused: async () => {},
  };
}
