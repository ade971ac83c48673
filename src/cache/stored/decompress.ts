/**
 * Unpacks what has any of the compressions that narinfos name: zstd, gzip and br by Node, in threads of its own; xz, bzip2
 * and lz4 by their programs, which may take only so much memory and time, since what they read may be made to hurt.
 *
 * Nothing may follow after the end: bytes that are not part of what is unpacked would be stored and sent for nothing.
 */

import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib';
import { type Argv, isOnPath, startProcess } from '../../process/start-process.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';

const chunkSize = 256 * 1024;

const streams: Readonly<Record<string, () => Transform & { readonly bytesWritten: number }>> = {
  zstd: () => createZstdDecompress({ chunkSize }),
  gzip: () => createGunzip({ chunkSize }),
  br: () => createBrotliDecompress({ chunkSize }),
};
const programs: Readonly<Record<string, Argv>> = {
  xz: ['xz', '-dc', '-T1', '--memlimit-decompress=256MiB'],
  bzip2: ['bzip2', '-dc'],
  lz4: ['lz4', '-dc', '-q'],
};
/** Memory in bytes, and seconds of a processor. */
const limits: Argv = ['prlimit', `--as=${2 ** 30}`, '--cpu=3600', '--core=0', '--'];

/**
 * Throws `nix.nar-invalid` when it cannot be unpacked or something follows, `process.missing` when its program is not
 * here, and what `pieces` throws.
 */
export async function* decompress(
  pieces: AsyncIterable<Uint8Array>,
  compression: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const stream = streams[compression];
  const program = programs[compression];
  if (compression === 'none') yield* pieces;
  else if (stream !== undefined) yield* throughStream(pieces, stream(), compression, signal);
  else if (program !== undefined) yield* throughProgram(pieces, program, compression, signal);
  else
    throw new AppError('nix.nar-invalid', `the compression ${compression} is not one that can be unpacked`);
}

/** Passes pieces on, and keeps what went wrong in getting them apart from what goes wrong in unpacking. */
function tap(pieces: AsyncIterable<Uint8Array>) {
  const tapped = {
    bytes: 0,
    error: undefined as unknown,
    async *pieces() {
      try {
        for await (const piece of pieces) {
          tapped.bytes += piece.length;
          yield piece;
        }
      } catch (error) {
        tapped.error = error;
        throw error;
      }
    },
  };
  return tapped;
}

async function* throughStream(
  pieces: AsyncIterable<Uint8Array>,
  stream: Transform & { readonly bytesWritten: number },
  compression: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const source = tap(pieces);
  const pumping = pipeline(Readable.from(source.pieces(), { objectMode: true, highWaterMark: 1 }), stream, {
    ...(signal === undefined ? {} : { signal }),
  });
  // The stream tells the same.
  pumping.catch(() => {});
  try {
    for await (const chunk of stream) yield bytesOf(chunk);
    await pumping;
  } catch (error) {
    signal?.throwIfAborted();
    throw source.error ?? invalid(compression, errorMessage(error));
  }
  const rest = source.bytes - stream.bytesWritten;
  if (rest !== 0) throw invalid(compression, `${rest} bytes follow after its end`);
}

async function* throughProgram(
  pieces: AsyncIterable<Uint8Array>,
  program: Argv,
  compression: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (!isOnPath(program[0])) throw new AppError('process.missing', `${program[0]} is not on PATH`);
  const argv: Argv = isOnPath(limits[0]) ? [...limits, ...program] : program;
  await using child = await startProcess(argv, { signal });
  const source = tap(pieces);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < 1000) said += chunk.toString('latin1');
  });
  // A program that ends early is told of by its exit code.
  const feeding = pipeline(Readable.from(source.pieces()), child.stdin).catch(async () => {
    if (source.error !== undefined) await child.kill();
  });
  for await (const chunk of child.stdout) yield bytesOf(chunk);
  const { code } = await child.exited;
  await feeding;
  signal?.throwIfAborted();
  if (source.error !== undefined) throw source.error;
  // Some only warn of what follows after the end.
  if (code !== 0 || said !== '') throw invalid(compression, said.trim() || `${program[0]} gave up`);
}

function invalid(compression: string, problem: string): AppError {
  return new AppError('nix.nar-invalid', `it cannot be unpacked as ${compression}: ${problem}`);
}

function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError('a stream of bytes gave something else');
}
