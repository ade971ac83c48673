/** Results of hosts as people read them. */

import type { HostOutcome } from '../../deploy/deploy-plan.ts';

export const resultWords: Readonly<Record<HostOutcome['result'], string>> = {
  deployed: 'deployed',
  degraded: 'degraded',
  'rolled-back': 'rolled back',
  failed: 'failed',
  skipped: 'skipped',
};
