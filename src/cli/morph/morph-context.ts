/** What Morph's commands are given: where they may print, what ends them, and the environment. */

import type { CliContext } from '../context.ts';

export type MorphContext = Pick<CliContext, 'stdin' | 'stdout' | 'stderr' | 'env' | 'cwd' | 'signal'>;
