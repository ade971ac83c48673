/** How files with NARs are called: by the hash of the file, with the ending that `nix copy` gives to its compression. */

/** By what a narinfo calls the compression. Gzip has no ending of its own there. */
const suffixes: ReadonlyMap<string, string> = new Map([
  ['none', ''],
  ['gzip', ''],
  ['zstd', '.zst'],
  ['xz', '.xz'],
  ['bzip2', '.bz2'],
  ['br', '.br'],
  ['lz4', '.lz4'],
]);

export interface NarFile {
  /** 52 digits of nix32. */
  readonly fileHash: string;
  readonly compression: string;
}

/** Whether it is a compression that we can unpack. */
export function isKnownCompression(compression: string): boolean {
  return suffixes.has(compression);
}

/** `<file hash>.nar[.zst …]`. Throws a TypeError for a compression that is not known. */
export function narFileName({ fileHash, compression }: NarFile): string {
  const suffix = suffixes.get(compression);
  if (suffix === undefined) throw new TypeError(`no ending is known for the compression ${compression}`);
  return `${fileHash}.nar${suffix}`;
}

/** The key that it has in a blob store. */
export function narKey(file: NarFile): string {
  return `nar/${file.fileHash.slice(0, 2)}/${narFileName(file)}`;
}

const form =
  /^nar\/([0-9abcdfghijklmnpqrsvwxyz]{2})\/((\1[0-9abcdfghijklmnpqrsvwxyz]{50})\.nar(?:\.[a-z0-9]+)?)$/;

/** The file hash in a key; undefined for keys that no NAR has. */
export function fileHashOfKey(key: string): string | undefined {
  return form.exec(key)?.[3];
}
