/**
 * What a client says of debug information is only looked at: which NARs have which is known from the NARs themselves,
 * which were checked, so a wrong claim can lead nobody astray. Nonsense is refused all the same.
 */

import { z } from 'zod';
import { AppError } from '../../util/app-error.ts';
import { parseJson } from '../../util/parse-json.ts';
import { parseNarName } from '../upload/parse-upload-url.ts';

const debugInfo = z.strictObject({
  archive: z
    .string()
    .refine(
      (text) => text.startsWith('../') && parseNarName(text.slice(3)) !== undefined,
      'wanted the address of a NAR, ../nar/<hash of the file>.nar[.zst …]',
    ),
  member: z.string(),
});

/** `buildId`: 40 digits of base 16. Throws `cache.upload-refused`. */
export function checkDebugInfo(text: string, buildId: string): void {
  const parsed = debugInfo.safeParse(parseJson(text));
  const wanted = `lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
  if (parsed.success && parsed.data.member === wanted) return;
  const why = parsed.success
    ? `its member is ${JSON.stringify(parsed.data.member.slice(0, 200))}, wanted ${wanted}`
    : z.prettifyError(parsed.error).slice(0, 1000);
  throw new AppError('cache.upload-refused', `the debug information of ${buildId}: ${why}`);
}
