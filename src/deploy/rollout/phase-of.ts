/** What a step is called while it lasts, in events. */

import type { HostPhase } from '../../events/event.ts';
import type { HostStep } from './journal.ts';

export const phaseOf: Readonly<Record<HostStep, HostPhase>> = {
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
