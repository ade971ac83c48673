/**
 * What the front door says of a file with a NAR that a server in front is to send (`X-Accel-Redirect`), where all that
 * must be known of it can be had without waiting. Everything else is for `serve-nar-file.ts`.
 */

import { datedResponse } from '../hot/dated-response.ts';
import type { HotAnswers } from '../hot/hot-answers.ts';
import { accelHeaders } from './accel-headers.ts';
import { narFileName } from './nar-file.ts';
import type { StoredServing } from './serve-nar-file.ts';

/** `onServed`: told of each that was answered. */
export function createHotNarFile(
  serving: StoredServing | undefined,
  onServed: () => void,
): HotAnswers['narFile'] {
  const { nars, accel, mayServe } = serving ?? {};
  if (nars === undefined || accel === undefined) return () => undefined;
  return (bytes, at, end) => {
    const name = bytes.toString('latin1', at, end);
    const nar = nars.byFileHash(name.slice(0, name.indexOf('.')));
    if (nar === undefined || narFileName(nar) !== name || !nars.looksSound(nar)) return undefined;
    if (mayServe !== undefined && mayServe(nar) !== true) return undefined;
    onServed();
    return datedResponse('200 OK', accelHeaders(nar, accel), noBody);
  };
}

const noBody = new Uint8Array(0);
