/** What is being done on a host, in words that follow "while". */

import type { HostPhase } from '../events/event.ts';

export const phaseWords: Readonly<Record<HostPhase, string>> = {
  connecting: 'connecting',
  checking: 'its pre-deploy checks ran',
  copying: 'copying to it',
  building: 'it was building its system',
  'uploading-secrets': 'uploading secrets',
  'setting-profile': 'setting its system profile',
  activating: 'activating; that may still be going on there',
  confirming: 'waiting for it to be confirmed; it goes back by itself unless it is',
  rebooting: 'it was rebooting',
  'checking-health': 'its health checks ran',
  'rolling-back': 'going back to its system of before',
};
