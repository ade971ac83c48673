/**
 * A strict push parser for NARs (grammar in `nar-tokens.ts`). Bytes go in as they come, in pieces of any size; it
 * holds back at most one token. It stops at the last byte of the archive, so a NAR without framing can be read off a
 * stream that goes on.
 *
 * Machine: a token is gathered as its length (8 bytes), then its body with padding; `#state` says which token is next.
 * The bytes of a file are passed on as they are, without gathering. Nothing that Nix would not write is accepted, and
 * a length is checked before anything of that length is kept. Source: libutil/archive.cc.
 */

import { AppError } from '../util/app-error.ts';
import { decodeByteString } from './byte-string.ts';
import type { NarHandler } from './nar-handler.ts';
import { maxNarName, maxNarTarget, narNameProblem, narTargetProblem } from './nar-names.ts';
import { padding } from './nar-tokens.ts';

export interface NarLimits {
  /** Named in errors; default `NAR`. */
  readonly what?: string | undefined;
  /** How many levels of nodes there may be, the root being the first; default 64, as in Nix 2.35. */
  readonly maxDepth?: number | undefined;
  /** Bytes of the whole archive; no limit by default. */
  readonly maxSize?: number | undefined;
  /** Files, symlinks and directories in all; no limit by default. */
  readonly maxNodes?: number | undefined;
}

/** Where one word alone may stand. */
type WordState =
  | 'magic'
  | 'node-start'
  | 'type'
  | 'executable-value'
  | 'target'
  | 'entry-start'
  | 'name'
  | 'node';

type State =
  | WordState
  | 'type-value'
  | 'contents-or-executable'
  | 'contents'
  | 'target-value'
  | 'node-end'
  | 'entry-or-end'
  | 'name-value'
  | 'entry-end';

/** Which piece is being gathered: a length, a token's body, or the padding of a file. */
type Piece = 'length' | 'body' | 'file-length' | 'file-padding';

const words: Readonly<Record<WordState, { readonly word: string; readonly next: State }>> = {
  magic: { word: 'nix-archive-1', next: 'node-start' },
  'node-start': { word: '(', next: 'type' },
  type: { word: 'type', next: 'type-value' },
  'executable-value': { word: '', next: 'contents' },
  target: { word: 'target', next: 'target-value' },
  'entry-start': { word: '(', next: 'name' },
  name: { word: 'name', next: 'name-value' },
  node: { word: 'node', next: 'node-start' },
};

/** No word is longer. */
const maxWord = 16;

export class NarParser {
  readonly #handler: NarHandler;
  readonly #what: string;
  readonly #maxDepth: number;
  readonly #maxSize: number;
  readonly #maxNodes: number;

  #state: State = 'magic';
  #piece: Piece = 'length';
  /** Bytes of the piece. */
  #wanted = 8;
  /** What came of it in earlier chunks; `#heldLength` bytes count. */
  readonly #held = Buffer.alloc(maxNarTarget + padding(maxNarTarget));
  #heldLength = 0;
  /** Of the token that is being read, or of the open file, without padding. */
  #length = 0;
  #fileLeft = 0;
  #offset = 0;
  #tokenStart = 0;
  #nodes = 0;
  #done = false;
  #executable = false;
  #path: readonly string[] = [];
  /** The name read last in each open directory. */
  readonly #lastNames: (Buffer | undefined)[] = [];

  constructor(handler: NarHandler, limits: NarLimits = {}) {
    this.#handler = handler;
    this.#what = limits.what ?? 'NAR';
    this.#maxDepth = limits.maxDepth ?? 64;
    this.#maxSize = limits.maxSize ?? Number.MAX_SAFE_INTEGER;
    this.#maxNodes = limits.maxNodes ?? Number.MAX_SAFE_INTEGER;
  }

  /** True when the archive has been read to its end. */
  get done(): boolean {
    return this.#done;
  }

  /** Bytes read so far; when done, the NAR's size. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * Reads on, and says how many bytes of the chunk belong to the archive: all of them, except when it ends within.
   * Throws `nix.nar-invalid` with the byte and the path where it went wrong; the parser is of no use after that.
   */
  push(chunk: Uint8Array): number {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let at = 0;
    while (at < buffer.length && !this.#done) {
      at += this.#fileLeft > 0 ? this.#passFile(buffer, at) : this.#gather(buffer, at);
    }
    return at;
  }

  /** Throws `nix.nar-invalid` unless the archive is complete. */
  finish(): void {
    if (!this.#done) throw this.#error('it ends too early', this.#offset);
  }

  #passFile(buffer: Buffer, at: number): number {
    const chunk = buffer.subarray(at, at + this.#fileLeft);
    this.#fileLeft -= chunk.length;
    this.#offset += chunk.length;
    this.#handler.fileChunk?.(this.#path, chunk);
    if (this.#fileLeft === 0) this.#expect('file-padding', padding(this.#length));
    return chunk.length;
  }

  /** Takes what the piece still lacks, and handles it when complete. */
  #gather(buffer: Buffer, at: number): number {
    const taken = Math.min(this.#wanted - this.#heldLength, buffer.length - at);
    this.#offset += taken;
    if (taken === this.#wanted) {
      this.#handlePiece(buffer, at);
      return taken;
    }
    buffer.copy(this.#held, this.#heldLength, at, at + taken);
    this.#heldLength += taken;
    if (this.#heldLength === this.#wanted) {
      this.#heldLength = 0;
      this.#handlePiece(this.#held, 0);
    }
    return taken;
  }

  #expect(piece: Piece, length: number): void {
    this.#piece = piece;
    this.#wanted = length;
    if (length === 0) this.#handlePiece(this.#held, 0);
  }

  /** Handles the piece, which is complete and begins at `start`; slicing every piece off would take most of the time. */
  #handlePiece(source: Buffer, start: number): void {
    const end = start + this.#wanted;
    switch (this.#piece) {
      case 'length':
        this.#tokenStart = this.#offset - 8;
        this.#length = this.#readLength(source, start);
        this.#expect('body', this.#length + padding(this.#length));
        break;
      case 'body':
        this.#checkPadding(source, start + this.#length, end);
        this.#piece = 'length';
        this.#wanted = 8;
        this.#handleToken(source, start, start + this.#length);
        break;
      case 'file-length':
        this.#tokenStart = this.#offset - 8;
        this.#startFile(this.#readSize(source, start));
        break;
      case 'file-padding':
        this.#tokenStart = this.#offset - this.#wanted;
        this.#checkPadding(source, start, end);
        this.#piece = 'length';
        this.#wanted = 8;
        this.#state = 'node-end';
        this.#handler.fileEnd?.(this.#path);
        break;
    }
  }

  #handleToken(source: Buffer, start: number, end: number): void {
    if (this.#offset > this.#maxSize) throw this.#tooLarge();
    const state = this.#state;
    if (state === 'target-value') {
      const target = source.subarray(start, end);
      this.#checkName(narTargetProblem(target));
      this.#state = 'node-end';
      this.#handler.symlink?.(this.#path, decodeByteString(target));
    } else if (state === 'name-value') {
      this.#startEntry(source.subarray(start, end));
    } else {
      this.#handleWord(state, source.toString('latin1', start, end));
    }
  }

  #handleWord(state: Exclude<State, 'target-value' | 'name-value'>, word: string): void {
    switch (state) {
      case 'type-value':
        this.#startNode(word);
        break;
      case 'contents-or-executable':
      case 'contents':
        this.#startContents(word);
        break;
      case 'entry-or-end':
        this.#entryOrEnd(word);
        break;
      case 'node-end':
        this.#checkWord(word, ')');
        this.#endNode();
        break;
      case 'entry-end':
        this.#checkWord(word, ')');
        this.#path = this.#path.slice(0, -1);
        this.#state = 'entry-or-end';
        break;
      case 'magic':
      case 'node-start':
      case 'type':
      case 'executable-value':
      case 'target':
      case 'entry-start':
      case 'name':
      case 'node':
        this.#checkWord(word, words[state].word);
        this.#state = words[state].next;
        break;
    }
  }

  #startNode(word: string): void {
    this.#nodes += 1;
    if (this.#nodes > this.#maxNodes) throw this.#error(`it has more than ${this.#maxNodes} nodes`);
    if (this.#path.length >= this.#maxDepth) throw this.#error(`it has more than ${this.#maxDepth} levels`);
    switch (word) {
      case 'regular':
        this.#executable = false;
        this.#state = 'contents-or-executable';
        break;
      case 'symlink':
        this.#state = 'target';
        break;
      case 'directory':
        this.#lastNames.push(undefined);
        this.#handler.directoryStart?.(this.#path);
        this.#state = 'entry-or-end';
        break;
      default:
        throw this.#wrong(word, 'regular', 'symlink', 'directory');
    }
  }

  #startContents(word: string): void {
    if (word === 'contents') {
      this.#expect('file-length', 8);
    } else if (word === 'executable' && this.#state === 'contents-or-executable') {
      this.#executable = true;
      this.#state = 'executable-value';
    } else {
      throw this.#wrong(word, 'contents');
    }
  }

  #startFile(size: number): void {
    if (this.#offset + size > this.#maxSize) throw this.#tooLarge();
    this.#length = size;
    this.#fileLeft = size;
    this.#handler.regular?.(this.#path, { size, executable: this.#executable, narOffset: this.#offset });
    if (size === 0) this.#expect('file-padding', 0);
  }

  #entryOrEnd(word: string): void {
    if (word === 'entry') {
      this.#state = 'entry-start';
    } else if (word === ')') {
      this.#lastNames.pop();
      this.#handler.directoryEnd?.(this.#path);
      this.#endNode();
    } else {
      throw this.#wrong(word, 'entry', ')');
    }
  }

  #startEntry(bytes: Buffer): void {
    this.#checkName(narNameProblem(bytes));
    const name = decodeByteString(bytes);
    const last = this.#lastNames.at(-1);
    if (last !== undefined && Buffer.compare(last, bytes) >= 0) {
      throw this.#error(
        `the name ${JSON.stringify(name)} comes after ${JSON.stringify(decodeByteString(last))}`,
      );
    }
    // A copy: the bytes are a view of a chunk that is not ours.
    this.#lastNames[this.#lastNames.length - 1] = Buffer.from(bytes);
    this.#path = [...this.#path, name];
    this.#state = 'node';
  }

  #endNode(): void {
    if (this.#path.length === 0) this.#done = true;
    else this.#state = 'entry-end';
  }

  /** The length of a token, no longer than the longest that may stand here, so that it fits what is held. */
  #readLength(source: Buffer, start: number): number {
    const length = this.#readSize(source, start);
    const longest =
      this.#state === 'name-value' ? maxNarName : this.#state === 'target-value' ? maxNarTarget : maxWord;
    if (length > longest) throw this.#error(`wanted a token of at most ${longest} bytes, got ${length}`);
    return length;
  }

  #readSize(source: Buffer, start: number): number {
    const size = source.readUInt32LE(start) + source.readUInt32LE(start + 4) * 2 ** 32;
    if (!Number.isSafeInteger(size)) throw this.#error('a length is larger than 2^53');
    return size;
  }

  #checkPadding(source: Buffer, start: number, end: number): void {
    for (let at = start; at < end; at++) {
      if (source[at] !== 0) throw this.#error('the padding is not zero');
    }
  }

  #checkWord(word: string, wanted: string): void {
    if (word !== wanted) throw this.#wrong(word, wanted);
  }

  #checkName(problem: string | undefined): void {
    if (problem !== undefined) throw this.#error(problem);
  }

  #tooLarge(): AppError {
    return this.#error(`it has more than ${this.#maxSize} bytes`);
  }

  #wrong(word: string, ...wanted: readonly string[]): AppError {
    const choice = wanted.map((word) => JSON.stringify(word)).join(' or ');
    return this.#error(`wanted ${choice}, got ${JSON.stringify(word)}`);
  }

  #error(problem: string, at = this.#tokenStart): AppError {
    const path = this.#path.map((name) => `/${name}`).join('') || '/';
    return new AppError(
      'nix.nar-invalid',
      `${this.#what}, byte ${at}, in ${JSON.stringify(path)}: ${problem}`,
    );
  }
}
