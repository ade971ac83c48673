/** What is in a folder of a store path. */
export interface FolderEntry {
  readonly name: string;
  /** The same, as it is on disk. */
  readonly bytes: Buffer;
  readonly type: 'directory' | 'regular' | 'symlink';
  /** Of a file, in bytes. */
  readonly size?: number;
  readonly executable?: true;
  /** Of a symlink. */
  readonly target?: string;
}
