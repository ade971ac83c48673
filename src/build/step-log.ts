/**
 * The log of one attempt at a step: a file `<2 characters>/<drv base name>.<number>.log` that is only ever appended
 * to, so that it can be followed while the build runs and no attempt overwrites another. The number is the first
 * free one. Lines are written in batches of one turn of the event loop; memory holds such a batch and the last
 * lines, which failures quote.
 */

import { closeSync, existsSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type StorePath, storePathBaseName } from '../nix/store-path.ts';
import { errorMessage } from '../util/error-message.ts';
import { compressedLog } from './compress-log.ts';

/** Lines that a failure quotes, and characters of each. */
const tailLines = 25;
const tailLineLength = 2000;
/** Batched bytes that are written without waiting for the end of the turn. */
const batchBytes = 65_536;

export interface StepLog extends AsyncDisposable {
  readonly file: string;
  /** Bytes of all lines so far. */
  readonly bytes: number;
  /** The last lines, oldest first. */
  readonly tail: readonly string[];
  /** Why not all of it is in the file, e.g. a full disk; the build goes on without its log. */
  readonly writeError: string | undefined;
  writeLine(line: string): void;
}

export function openStepLog(directory: string, drvPath: StorePath): StepLog {
  const base = storePathBaseName(drvPath);
  const { file, descriptor } = createFile(join(directory, base.slice(0, 2), base));
  const tail: string[] = [];
  let bytes = 0;
  let batch: string[] = [];
  let batched = 0;
  let writeError: string | undefined;

  const flush = (): void => {
    if (batch.length === 0) return;
    const text = batch.join('');
    batch = [];
    batched = 0;
    if (writeError !== undefined) return;
    try {
      const data = Buffer.from(text);
      for (let at = 0; at < data.length; ) at += writeSync(descriptor, data, at);
    } catch (error) {
      writeError = errorMessage(error);
    }
  };

  return {
    file,
    get bytes() {
      return bytes;
    },
    get tail() {
      return tail;
    },
    get writeError() {
      return writeError;
    },
    writeLine(line) {
      const size = Buffer.byteLength(line) + 1;
      bytes += size;
      batched += size;
      if (batch.length === 0) setImmediate(flush);
      batch.push(`${line}\n`);
      tail.push(line.slice(0, tailLineLength));
      if (tail.length > tailLines) tail.shift();
      if (batched >= batchBytes) flush();
    },
    async [Symbol.asyncDispose]() {
      flush();
      closeSync(descriptor);
    },
  };
}

function createFile(prefix: string): { file: string; descriptor: number } {
  // Always, and not once it is missing: an error costs more than a folder that is there.
  mkdirSync(dirname(prefix), { recursive: true });
  for (let number = 1; ; number += 1) {
    const file = `${prefix}.${number}.log`;
    try {
      const descriptor = openSync(file, 'ax', 0o644);
      if (!existsSync(compressedLog(file))) return { file, descriptor };
      // That number is taken by one that has been compressed.
      closeSync(descriptor);
      unlinkSync(file);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'EEXIST') throw error;
    }
  }
}
