/**
 * What a `NarParser` tells as it reads. Paths are the names from the root (which is `[]`) down, as byte strings
 * (`byte-string.ts`: UTF-8 reads as usual, `encodeByteString` gives the bytes of any name); each call gets an array of
 * its own. All calls are synchronous and come in the order of the archive; what a callback throws leaves `push`.
 */

export type NarPath = readonly string[];

export interface NarFile {
  /** Bytes. */
  readonly size: number;
  readonly executable: boolean;
  /** Where its bytes start, counted from the start of the NAR. */
  readonly narOffset: number;
}

export interface NarHandler {
  directoryStart?(path: NarPath): void;
  directoryEnd?(path: NarPath): void;
  /** A file opens: `size` bytes follow in any number of chunks, none when it is empty. */
  regular?(path: NarPath, file: NarFile): void;
  /** A piece of the open file: a view of what was pushed, to be copied if it is kept. */
  fileChunk?(path: NarPath, chunk: Uint8Array): void;
  fileEnd?(path: NarPath): void;
  /** `target` is a byte string, and may point anywhere. */
  symlink?(path: NarPath, target: string): void;
}
