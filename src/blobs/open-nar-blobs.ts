/** Opens the place where files with NARs are kept, by what the configuration or the command line calls it. */

import type { BlobStore } from './blob-store.ts';
import { openFileBlobs } from './file/open-file-blobs.ts';
import { openS3Blobs } from './s3/open-s3-blobs.ts';
import { parseS3Url } from './s3/parse-s3-url.ts';

export interface NarBlobsDeps {
  /** Where files lie while they are sent to S3. */
  readonly staging: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** `place`: a path, or an address as `parseS3Url` reads it. Throws `config.invalid`, `blobs.unreachable`. */
export async function openNarBlobs(place: string, { staging, env }: NarBlobsDeps): Promise<BlobStore> {
  if (!place.startsWith('s3:')) return openFileBlobs(place);
  return openS3Blobs(parseS3Url(place, env), { staging });
}
