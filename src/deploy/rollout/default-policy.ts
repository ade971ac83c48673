/** How a rollout goes when nothing else is said: carefully, as Morph does, one host after the other. */

import type { RolloutPolicy } from '../deploy-plan.ts';

export const defaultPolicy: RolloutPolicy = {
  parallel: 1,
  maxUnavailable: Number.MAX_SAFE_INTEGER,
  failureBudget: 0,
  soak: 0,
  unreachable: 'fail',
  queueFor: 0,
  rollBack: true,
  activationTimeout: 0,
  confirmTimeout: 30,
  checkTimeout: 0,
  rebootTimeout: 600,
  windows: [],
};
