/**
 * Where files live that are written once and then only read: NARs as clients get them. The contract of the room; each
 * folder beside this file is one way to keep them.
 *
 * A blob is there whole or not at all, also after a kill at any moment: it is written under another name, made durable,
 * and then takes its key in one step. Keys are relative paths of lower-case letters, digits, `.`, `-`, `_` and `/`;
 * anything else is a programming error, so that no key can lead out of the store.
 */

export interface BlobInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
  /** Another text whenever the content may be another: what was found right need not be read again while it is the same. */
  readonly look: string;
}

/** Bytes from `start` up to, not including, `end`. */
export interface BlobRange {
  readonly start: number;
  readonly end: number;
}

export interface BlobReadOptions {
  readonly range?: BlobRange;
  readonly signal?: AbortSignal;
  /**
   * A piece needs to stay as it is only until the next but one is asked for: memory that is used again costs half of what
   * new memory does. Default false.
   */
  readonly reuse?: boolean;
}

/** A blob that is being written and has no key yet: that is often known only when its last byte is. */
export interface BlobWriter extends AsyncDisposable {
  /** Resolves when more may be written. Throws `blobs.full`, `blobs.unreachable`. */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes it durable and visible under `key`, in place of what was there. Disposing without it leaves nothing behind. */
  commit(key: string): Promise<void>;
}

export interface BlobStore extends AsyncDisposable {
  create(signal?: AbortSignal): Promise<BlobWriter>;
  stat(key: string, signal?: AbortSignal): Promise<BlobInfo | undefined>;
  /**
   * The look of a blob where it can be had at once, as of a file; undefined when it is not there or cannot be looked at. A
   * store that has to wait for it has no such method.
   */
  lookNow?(key: string): string | undefined;
  /** In pieces that are buffers of their own, unless asked otherwise. Throws `blobs.missing`; ends early only by throwing. */
  read(key: string, options?: BlobReadOptions): AsyncIterable<Uint8Array>;
  /** Nothing happens where there is none. */
  delete(key: string): Promise<void>;
  /** Those whose key begins with `prefix`, in no order; what is being written is not among them. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<BlobInfo>;
  /** The file behind a key, where another program (nginx) may read it itself; undefined where there are no files. */
  fileOf(key: string): string | undefined;
}
