/** What the front door asks for answers: the contract between it and the cache behind it. Nothing here ever throws. */

import type { DatedResponse } from './dated-response.ts';

/** Undefined: the answer is not there at once, and the connection goes to the server behind. */
export interface HotAnswers {
  /** For the narinfo whose hash part begins at `at`, which is well formed; a miss is an answer too. */
  narinfo(bytes: Buffer, at: number): DatedResponse | undefined;
  /** For the file of a NAR whose name is from `at` up to `end`: a hash of 52 digits, and endings. */
  narFile(bytes: Buffer, at: number, end: number): DatedResponse | undefined;
  cacheInfo(): DatedResponse | undefined;
}
