/**
 * What a request asks for beside narinfos and NARs. As in `parse-cache-url.ts` every shape is matched whole; only
 * below `/serve/` there is a path of free form, which is taken apart here: each of its segments is one file name, as
 * bytes, and none of them can lead anywhere else.
 */

export type ExtraRequest =
  /** `drvHash`: `sha256:<base 16>`. */
  | { readonly kind: 'realisation'; readonly drvHash: string; readonly output: string }
  /** `drvName`: base name of a derivation, `.drv` included. */
  | { readonly kind: 'build-trace'; readonly drvName: string; readonly output: string }
  /** `buildId`: 40 digits of base 16. */
  | { readonly kind: 'debug-info'; readonly buildId: string }
  | FilesRequest
  | { readonly kind: 'public-keys' }
  | { readonly kind: 'trust' }
  | { readonly kind: 'metrics' };

export interface FilesRequest {
  readonly kind: 'files';
  readonly hashPart: string;
  /** Names of files, none of them empty, `.` or `..`, without slash or NUL. */
  readonly names: readonly Buffer[];
  /** The URL ends in a slash. */
  readonly isFolder: boolean;
}

const char = '[0-9abcdfghijklmnpqrsvwxyz]';
const output = '[0-9a-zA-Z+\\-._?=]{1,211}';
const realisation = new RegExp(`^/realisations/(sha256:[0-9a-f]{64})!(${output})\\.doi$`);
const buildTrace = new RegExp(
  `^/build-trace-v2/(${char}{32}-[0-9a-zA-Z+\\-._?=]{1,207}\\.drv)/(${output})\\.doi$`,
);
const debugInfo = /^\/debuginfo\/([0-9a-f]{40})$/;
const files = new RegExp(`^/serve/(${char}{32})(?:-[0-9a-zA-Z+\\-._?=]{1,211})?(/.*)?$`);

/** `path`: of a URL, without its query. Undefined when it has none of these shapes. */
export function parseExtraUrl(path: string): ExtraRequest | undefined {
  if (path === '/metrics') return { kind: 'metrics' };
  if (path === '/trust') return { kind: 'trust' };
  if (path === '/pubkey') return { kind: 'public-keys' };
  if (path.startsWith('/serve/')) return parseFilesUrl(path);
  const plain = decode(path)?.toString('latin1');
  if (plain === undefined) return undefined;
  const [, drvHash, of] = realisation.exec(plain) ?? [];
  if (drvHash !== undefined && of !== undefined) return { kind: 'realisation', drvHash, output: of };
  const [, drvName, name] = buildTrace.exec(plain) ?? [];
  if (drvName !== undefined && name !== undefined) return { kind: 'build-trace', drvName, output: name };
  const buildId = debugInfo.exec(plain)?.[1];
  return buildId === undefined ? undefined : { kind: 'debug-info', buildId };
}

function parseFilesUrl(path: string): FilesRequest | undefined {
  const [, hashPart, rest = ''] = files.exec(path) ?? [];
  if (hashPart === undefined) return undefined;
  const isFolder = rest.endsWith('/');
  const segments = rest.slice(1, isFolder ? -1 : undefined);
  const names: Buffer[] = [];
  for (const segment of segments === '' ? [] : segments.split('/')) {
    const name = decode(segment);
    if (name === undefined || !isFileName(name)) return undefined;
    names.push(name);
  }
  return { kind: 'files', hashPart, names, isFolder };
}

/** The bytes that a part of a URL stands for; undefined when a `%` is not followed by two digits. */
function decode(text: string): Buffer | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const bytes = text.replace(/%(..)/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(bytes, 'latin1');
}

function isFileName(name: Buffer): boolean {
  const text = name.toString('latin1');
  return text !== '' && text !== '.' && text !== '..' && !/[/\0]/.test(text);
}
