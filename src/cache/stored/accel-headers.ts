/** How a server in front is told which file to send, and what clients are told of it. */

import { narContentType, unchanging } from '../nar-reply.ts';
import { type NarFile, narKey } from './nar-file.ts';

/** `prefix`: where the server in front has the folder of the files, such as `/_nar/`. */
export function accelHeaders(nar: NarFile, prefix: string): Readonly<Record<string, string>> {
  return {
    'X-Accel-Redirect': prefix + narKey(nar).slice('nar/'.length),
    'Content-Type': narContentType,
    'Cache-Control': unchanging,
  };
}
