/**
 * The NAR of a file-system tree, in pieces. Grammar in `nix/nar-tokens.ts`; byte for byte what `nix-store --dump` says.
 *
 * Tokens and small files are collected in frames of 64 KiB; a file that does not fit comes in pieces of its own. Names
 * are bytes throughout, for they need not be UTF-8 and their order is that of their bytes. A file is as long as it was
 * when opened, or an error: a short NAR must not look complete. Files are read, not mapped: mapped pages can show what
 * a debugger has patched into them. Source: libutil/archive.cc.
 */

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import {
  directoryStart,
  entryStart,
  narMagic,
  nodeEnd,
  padding,
  regularStart,
  symlinkNode,
} from '../nix/nar-tokens.ts';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';

const usualFrameBytes = 64 * 1024;
const pieceBytes = 256 * 1024;
/** Never waits for the other end of a pipe, never follows a symlink: the type was looked at before. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const slash = Buffer.from('/');

export interface DumpOptions {
  /** How much is collected before it comes out. Default 64 KiB. */
  readonly frameBytes?: number;
  /** Told what the file system says of each file and directory, in the order of the NAR. */
  readonly onStat?: (stat: Stats) => void;
}

/**
 * The NAR of what is at `path`. Every piece is a buffer of its own. Throws `store.path-missing` when nothing is there,
 * `store.corrupt` when it cannot be read or is no file, symlink or directory.
 */
export function* dumpPath(path: string, options: DumpOptions = {}): Pieces {
  const frame = new Frame(options.frameBytes ?? usualFrameBytes);
  frame.add(narMagic);
  const root = Buffer.from(path);
  yield* dumpNode(
    root,
    guarded(root, () => lstatSync(root)),
    { frame, onStat: options.onStat },
  );
  yield frame.take();
}

interface Dump {
  readonly frame: Frame;
  readonly onStat: ((stat: Stats) => void) | undefined;
}

interface FileType {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

type Pieces = Generator<Uint8Array<ArrayBuffer>, void, undefined>;

function* dumpNode(path: Buffer, type: FileType, dump: Dump): Pieces {
  if (type.isFile()) {
    yield* dumpFile(path, dump);
  } else if (type.isSymbolicLink()) {
    yield* dump.frame.put(symlinkNode(guarded(path, () => readlinkSync(path, { encoding: 'buffer' }))));
  } else if (type.isDirectory()) {
    yield* dumpDirectory(path, dump);
  } else {
    throw unreadable(path, 'it is neither a file nor a symlink nor a directory');
  }
}

function* dumpDirectory(path: Buffer, dump: Dump): Pieces {
  const { frame, onStat } = dump;
  onStat?.(guarded(path, () => lstatSync(path)));
  yield* frame.put(directoryStart);
  const entries = guarded(path, () => readdirSync(path, { encoding: 'buffer', withFileTypes: true }));
  entries.sort((a, b) => Buffer.compare(a.name, b.name));
  for (const entry of entries) {
    yield* frame.put(entryStart(entry.name));
    yield* dumpNode(Buffer.concat([path, slash, entry.name]), entry, dump);
    yield* frame.put(nodeEnd);
  }
  yield* frame.put(nodeEnd);
}

function* dumpFile(path: Buffer, { frame, onStat }: Dump): Pieces {
  const file = guarded(path, () => openSync(path, openFlags));
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw unreadable(path, 'it is no regular file any more');
    onStat?.(stat);
    yield* frame.put(regularStart(stat.size, (stat.mode & constants.S_IXUSR) !== 0));
    if (stat.size <= frame.room) {
      readFully(file, frame.reserve(stat.size), path);
    } else {
      yield frame.take();
      for (let left = stat.size; left > 0; ) {
        const piece = Buffer.allocUnsafeSlow(Math.min(left, pieceBytes));
        readFully(file, piece, path);
        left -= piece.length;
        yield piece;
      }
    }
    yield* frame.put(Buffer.alloc(padding(stat.size)));
    yield* frame.put(nodeEnd);
  } finally {
    closeSync(file);
  }
}

function readFully(file: number, into: Buffer, path: Buffer): void {
  for (let at = 0; at < into.length; ) {
    const count = guarded(path, () => readSync(file, into, at, into.length - at, null));
    if (count === 0) throw unreadable(path, 'it became shorter while it was read');
    at += count;
  }
}

/** Collects small pieces. */
class Frame {
  readonly #size: number;
  #buffer: Buffer<ArrayBuffer>;
  #length = 0;

  constructor(size: number) {
    this.#size = size;
    this.#buffer = Buffer.allocUnsafeSlow(size);
  }

  get room(): number {
    return this.#size - this.#length;
  }

  /** The next `size` bytes, to be filled; there must be room. */
  reserve(size: number): Buffer {
    this.#length += size;
    return this.#buffer.subarray(this.#length - size, this.#length);
  }

  add(bytes: Uint8Array): void {
    this.reserve(bytes.length).set(bytes);
  }

  /** Adds bytes (a token: far smaller than a frame); what was collected comes out when they do not fit. */
  *put(bytes: Uint8Array): Pieces {
    if (bytes.length > this.room) yield this.take();
    this.add(bytes);
  }

  take(): Buffer<ArrayBuffer> {
    const taken = this.#buffer.subarray(0, this.#length);
    this.#buffer = Buffer.allocUnsafeSlow(this.#size);
    this.#length = 0;
    return taken;
  }
}

function guarded<T>(path: Buffer, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      throw new AppError('store.path-missing', `${path.toString()} is not there`, { cause });
    }
    throw unreadable(path, errorMessage(cause), cause);
  }
}

function unreadable(path: Buffer, why: string, cause?: unknown): AppError {
  return new AppError('store.corrupt', `cannot make a NAR of ${path.toString()}: ${why}`, { cause });
}
