/**
 * Recognises the requests that make up nearly all traffic of a cache, `GET` and `HEAD` of a narinfo and of
 * `/nix-cache-info`, in the bytes of a connection, and nothing else.
 *
 * It is deliberately no HTTP parser. A request is taken only when it is exactly of one known form: HTTP/1.1, the path
 * written literally, and no header but those of a short list that change nothing about the answer. Whatever differs in
 * any way (a body, a range, a condition, credentials, HTTP/1.0, an upgrade, a folded or malformed line, a request that
 * is not all there yet) is for the real parser of `node:http`, which gets the connection from that byte on. So there is
 * no request that the two could read differently, which is what request smuggling needs.
 */

export type FastRequest =
  | { readonly kind: 'narinfo'; readonly hashPart: string; readonly head: boolean; readonly end: number }
  | { readonly kind: 'cache-info'; readonly head: boolean; readonly end: number };

/** Remembers the header block that a connection sent last: clients send the same one again and again. */
export interface HeaderMemory {
  approved: string;
}

const cacheInfoTail = 'nix-cache-info HTTP/1.1\r\n';
const narinfoTail = '.narinfo HTTP/1.1\r\n';
const hashPartLength = 32;
const hashPartForm = /^[0-9abcdfghijklmnpqrsvwxyz]{32}$/;
/** Longer ones are for the real parser and its limits. */
const maxHeaderBytes = 2048;

/** `name: value` with a value of visible ASCII, spaces and tabs. */
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e]?(?:[\x20-\x7e\t]*[\x21-\x7e])?)[ \t]*$/;
/** Headers that make no difference to these answers. */
const indifferent = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'pragma',
  'user-agent',
]);

/**
 * The request that begins at `at`, when it is one of those; `undefined` when it is for the real parser.
 * `text`: the bytes received, each as one character (latin1).
 */
export function fastRequest(text: string, at: number, memory: HeaderMemory): FastRequest | undefined {
  const head = text.startsWith('HEAD /', at);
  if (!head && !text.startsWith('GET /', at)) return undefined;
  const path = at + (head ? 6 : 5);
  if (text.startsWith(narinfoTail, path + hashPartLength)) {
    const end = endOfHeaders(text, path + hashPartLength + narinfoTail.length, memory);
    if (end === undefined) return undefined;
    const hashPart = text.slice(path, path + hashPartLength);
    return hashPartForm.test(hashPart) ? { kind: 'narinfo', hashPart, head, end } : undefined;
  }
  if (!text.startsWith(cacheInfoTail, path)) return undefined;
  const end = endOfHeaders(text, path + cacheInfoTail.length, memory);
  return end === undefined ? undefined : { kind: 'cache-info', head, end };
}

/** Where the header block that begins at `start` ends, when all of it is indifferent. */
function endOfHeaders(text: string, start: number, memory: HeaderMemory): number | undefined {
  const { approved } = memory;
  if (approved !== '' && text.startsWith(approved, start)) return start + approved.length;
  const blank = text.indexOf('\r\n\r\n', start);
  if (blank === -1 || blank - start > maxHeaderBytes) return undefined;
  const end = blank + 4;
  const block = text.slice(start, end);
  if (!isIndifferent(block)) return undefined;
  memory.approved = block;
  return end;
}

function isIndifferent(block: string): boolean {
  let hosts = 0;
  for (const line of block.slice(0, -4).split('\r\n')) {
    const match = headerLine.exec(line);
    if (match === null) return false;
    const name = (match[1] ?? '').toLowerCase();
    if (name === 'host') hosts += 1;
    else if (name === 'connection') {
      if ((match[2] ?? '').toLowerCase() !== 'keep-alive') return false;
    } else if (!indifferent.has(name)) return false;
  }
  return hosts === 1;
}
