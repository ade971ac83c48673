/**
 * Makes the NAR of a file-system tree, as much at a time as it is asked for. Grammar in `nix/nar-tokens.ts`; byte for byte
 * what `nix-store --dump` says. Source: libutil/archive.cc.
 *
 * What comes next is at every moment one of three: tokens that were collected, the rest of an open file, or the next
 * entry of the innermost directory, whose tokens are collected then. Content goes from the file to where it is wanted,
 * with no copy in between.
 *
 * Names are bytes throughout, for they need not be UTF-8 and their order is that of their bytes. A file is as long as
 * it was when opened, or an error: a short NAR must not look complete. Files are read, not mapped: mapped pages can show
 * what a debugger has patched into them.
 */

import {
  closeSync,
  constants,
  type Dirent,
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

/** Never waits for the other end of a pipe, never follows a symlink: the type was looked at before. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const slash = Buffer.from('/');
const zeros = Buffer.alloc(8);

interface FileType {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

interface Directory {
  /** With a slash at its end. */
  readonly path: Buffer;
  readonly entries: readonly Dirent<Buffer>[];
  next: number;
}

interface OpenFile {
  readonly descriptor: number;
  readonly size: number;
  /** How much of it has been given. */
  at: number;
}

export class NarReader implements Disposable {
  readonly #onStat: ((stat: Stats) => void) | undefined;
  readonly #directories: Directory[] = [];
  #file: OpenFile | undefined;
  /** What is being looked at. */
  #path: Buffer;
  #begun = false;
  #tokens = Buffer.allocUnsafe(1024);
  #tokensAt = 0;
  #tokensEnd = 0;

  /** `onStat` is told what the file system says of each file and directory, in the order of the NAR. */
  constructor(path: string, onStat?: (stat: Stats) => void) {
    this.#path = Buffer.from(path);
    this.#onStat = onStat;
    this.#add(narMagic);
  }

  /** Bytes that are known to come. */
  get ahead(): number {
    const { size, at } = this.#file ?? { size: 0, at: 0 };
    return this.#tokensEnd - this.#tokensAt + size - at;
  }

  /**
   * Fills `into` with what comes next, and says how many bytes those are: fewer only at the end. Throws
   * `store.path-missing` when nothing is there, `store.corrupt` when it cannot be read or is no file, symlink or
   * directory.
   */
  read(into: Uint8Array): number {
    return this.#advance(into.length, into);
  }

  /** Passes over so many bytes, fewer only at the end. Content is not even read. Throws as `read` does. */
  skip(count: number): number {
    return this.#advance(count, undefined);
  }

  /** Closes what is open. */
  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file.descriptor);
    this.#file = undefined;
  }

  #advance(count: number, into: Uint8Array | undefined): number {
    let done = 0;
    try {
      while (done < count) {
        if (this.#tokensAt < this.#tokensEnd) done += this.#giveTokens(count - done, into, done);
        else if (this.#file !== undefined && this.#file.at < this.#file.size) {
          done += this.#giveContent(this.#file, count - done, into, done);
        } else if (!this.#goOn()) break;
      }
    } catch (cause) {
      throw this.#explain(cause);
    }
    return done;
  }

  #giveTokens(count: number, into: Uint8Array | undefined, at: number): number {
    const start = this.#tokensAt;
    this.#tokensAt = Math.min(this.#tokensEnd, start + count);
    if (into !== undefined) this.#tokens.copy(into, at, start, this.#tokensAt);
    return this.#tokensAt - start;
  }

  #giveContent(file: OpenFile, count: number, into: Uint8Array | undefined, at: number): number {
    const wanted = Math.min(count, file.size - file.at);
    const got = into === undefined ? wanted : readSync(file.descriptor, into, at, wanted, file.at);
    if (got === 0) throw this.#unreadable('it became shorter while it was read');
    file.at += got;
    return got;
  }

  /** Collects the tokens that come next. False at the end of all. */
  #goOn(): boolean {
    this.#tokensAt = 0;
    this.#tokensEnd = 0;
    if (!this.#begun) {
      this.#begun = true;
      this.#beginNode(this.#path, lstatSync(this.#path));
      return true;
    }
    if (this.#file !== undefined) {
      const { descriptor, size } = this.#file;
      this.#file = undefined;
      closeSync(descriptor);
      this.#add(zeros.subarray(0, padding(size)));
      this.#add(nodeEnd);
      this.#endNode();
      // The next file's tokens belong to the same small copy.
    }
    const directory = this.#directories.at(-1);
    if (directory === undefined) return this.#tokensEnd > 0;
    const entry = directory.entries[directory.next];
    if (entry === undefined) {
      this.#directories.pop();
      this.#add(nodeEnd);
      this.#endNode();
    } else {
      directory.next += 1;
      this.#add(entryStart(entry.name));
      this.#beginNode(Buffer.concat([directory.path, entry.name]), entry);
    }
    return true;
  }

  #beginNode(path: Buffer, type: FileType): void {
    this.#path = path;
    if (type.isFile()) {
      const descriptor = openSync(path, openFlags);
      // From here on it is closed with the reader.
      this.#file = { descriptor, size: 0, at: 0 };
      const stat = fstatSync(descriptor);
      if (!stat.isFile()) throw this.#unreadable('it is no regular file any more');
      this.#onStat?.(stat);
      this.#file = { descriptor, size: stat.size, at: 0 };
      this.#add(regularStart(stat.size, (stat.mode & constants.S_IXUSR) !== 0));
    } else if (type.isSymbolicLink()) {
      this.#add(symlinkNode(readlinkSync(path, { encoding: 'buffer' })));
      this.#endNode();
    } else if (type.isDirectory()) {
      this.#onStat?.(lstatSync(path));
      const entries = readdirSync(path, { encoding: 'buffer', withFileTypes: true });
      entries.sort((a, b) => Buffer.compare(a.name, b.name));
      this.#directories.push({ path: Buffer.concat([path, slash]), entries, next: 0 });
      this.#add(directoryStart);
    } else {
      throw this.#unreadable('it is neither a file nor a symlink nor a directory');
    }
  }

  /** What stands in a directory is closed twice: as a node, and as an entry. */
  #endNode(): void {
    if (this.#directories.length > 0) this.#add(nodeEnd);
  }

  #add(bytes: Uint8Array): void {
    const end = this.#tokensEnd + bytes.length;
    if (end > this.#tokens.length) this.#tokens = Buffer.concat([this.#tokens], 2 * end);
    this.#tokens.set(bytes, this.#tokensEnd);
    this.#tokensEnd = end;
  }

  #explain(cause: unknown): AppError {
    if (cause instanceof AppError) return cause;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      return new AppError('store.path-missing', `${this.#path.toString()} is not there`, { cause });
    }
    return this.#unreadable(errorMessage(cause), cause);
  }

  #unreadable(why: string, cause?: unknown): AppError {
    return new AppError('store.corrupt', `cannot make a NAR of ${this.#path.toString()}: ${why}`, { cause });
  }
}
