/** What a step is called while it lasts, in events. A host that builds its system does so instead of being sent it. */

import type { HostPhase } from '../../events/event.ts';
import type { PlannedHost } from '../deploy-plan.ts';
import type { HostStep } from './journal.ts';

export function phaseOf(step: HostStep, host: Pick<PlannedHost, 'build'>): HostPhase {
  return step === 'copy' && host.build !== undefined ? 'building' : phases[step];
}

const phases: Readonly<Record<HostStep, HostPhase>> = {
  begin: 'connecting',
  'pre-deploy-checks': 'checking',
  copy: 'copying',
  'secrets-before': 'uploading-secrets',
  activate: 'activating',
  confirm: 'confirming',
  reboot: 'rebooting',
  'secrets-after': 'uploading-secrets',
  'health-checks': 'checking-health',
  keep: 'confirming',
  'roll-back': 'rolling-back',
};
