/**
 * Finds out what a file from somebody who is not trusted is: its hash, and that it unpacks, within a limit, to a NAR by
 * every rule of the format with nothing after it. And which store paths it mentions.
 */

import { createHash } from 'node:crypto';
import { NarParser } from '../../nix/nar-parser.ts';
import { AppError } from '../../util/app-error.ts';
import { decompress } from './decompress.ts';
import { findMentions } from './find-mentions.ts';
import { gatherBuildIds } from './gather-build-ids.ts';
import type { CheckedNar } from './nar-messages.ts';

export interface CheckOptions {
  readonly compression: string;
  readonly maxNarBytes: number;
  readonly signal?: AbortSignal;
}

/** Throws `cache.upload-refused`, and what `pieces` throws. */
export async function checkNarFile(
  pieces: AsyncIterable<Uint8Array>,
  { compression, maxNarBytes, signal }: CheckOptions,
): Promise<CheckedNar> {
  const file = createHash('sha256');
  let fileSize = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      file.update(piece);
      fileSize += piece.length;
      yield piece;
    }
  };
  const nar = createHash('sha256');
  const search = findMentions();
  const gathered = gatherBuildIds();
  const parser = new NarParser(gathered.handler, { maxSize: maxNarBytes });
  try {
    for await (const chunk of decompress(counted(), compression, signal)) {
      // The parser says so for most of what is too large; not for what comes after the end.
      const taken = parser.push(chunk);
      if (taken < chunk.length)
        throw new AppError('nix.nar-invalid', `the NAR ends at byte ${parser.offset}, and more follows`);
      nar.update(chunk);
      search.push(chunk);
    }
    parser.finish();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'nix.nar-invalid') throw error;
    throw new AppError('cache.upload-refused', error.message, { cause: error });
  }
  return {
    file: { hash: file.digest('hex'), size: fileSize },
    nar: { hash: nar.digest('hex'), size: parser.offset },
    mentions: search.found(),
    buildIds: gathered.found(),
  };
}
