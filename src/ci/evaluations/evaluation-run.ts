/** What one evaluation needs and knows while it runs. */

import type { Scheduler } from '../../build/scheduler.ts';
import type { Database } from '../../db/database.ts';
import type {
  JobsetEvaluation,
  JobsetEvaluationDeps,
  JobsetResult,
} from '../../evaluate/jobset-evaluation.ts';
import type { LockedFlake } from '../../evaluate/lock-flake.ts';
import type { Emit, ServerEvent } from '../../events/event.ts';
import type { InputDeps, InputSpec, ResolvedInput } from '../../inputs/input.ts';
import type { Store } from '../../store/store.ts';
import type { BuildLoop } from '../builds/create-build-loop.ts';
import type { EvaluationProgress } from '../ci.ts';
import type { Declarations } from '../declarative/create-declarations.ts';
import type { GcRoots } from '../retention/gc-roots.ts';

export interface EvaluationDeps {
  /** A patient one. */
  readonly database: Database;
  readonly store: Store;
  readonly roots: Pick<GcRoots, 'ensure'>;
  readonly builds: Pick<BuildLoop, 'take'>;
  readonly scheduler: Pick<Scheduler, 'enqueue'>;
  readonly declarations: Pick<Declarations, 'begin'>;
  fetchInputs(specs: readonly InputSpec[], deps: InputDeps): Promise<readonly ResolvedInput[]>;
  lockFlake(
    url: string,
    deps: { readonly signal: AbortSignal; readonly env: EvaluationDeps['env'] },
  ): Promise<LockedFlake>;
  evaluateJobset(
    evaluation: JobsetEvaluation,
    deps: JobsetEvaluationDeps & {
      readonly emit: Emit;
      readonly signal: AbortSignal;
      readonly env: Readonly<Record<string, string | undefined>>;
    },
  ): AsyncIterable<JobsetResult>;
  /** Where clones are kept. */
  readonly cacheDirectory: string;
  readonly settings: JobsetEvaluation['settings'];
  readonly allowedUris: readonly string[];
  readonly emit: (event: ServerEvent) => void;
  readonly now: () => number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** As people see it, and as the run changes it. */
export type Progress = {
  -readonly [K in Exclude<keyof EvaluationProgress, 'current'>]: EvaluationProgress[K];
} & {
  /** Jobs that the workers have in hand. */
  readonly current: Set<string>;
};
