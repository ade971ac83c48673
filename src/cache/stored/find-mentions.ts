/**
 * Finds which store paths a stream of bytes mentions: 32 digits of nix32 after the folder of the store. Nix itself looks for
 * the digits of all paths that it may be about; here those are not known yet, so it is the folder that is looked for, which
 * the runtime does many bytes at a time.
 */

import { storeDir } from '../../nix/store-path.ts';

const folder = Buffer.from(`${storeDir}/`);
const digits = 32;
const isDigit = new Uint8Array(256);
for (const byte of Buffer.from('0123456789abcdfghijklmnpqrsvwxyz')) isDigit[byte] = 1;
/** Nothing that refers to paths one by one mentions more; a list of a whole store is no reason to hold it in memory. */
const most = 20_000;

export interface MentionSearch {
  push(chunk: Uint8Array): void;
  /** Hash parts, each once, in the order in which they came; of very many only the first. */
  found(): readonly string[];
}

export function findMentions(): MentionSearch {
  const found = new Set<string>();
  /** The end of what came, in which a mention may begin. */
  let held = Buffer.alloc(0);

  /** Notes the mentions that are whole, and says from where on another may begin. */
  const search = (bytes: Buffer): number => {
    let from = 0;
    for (;;) {
      const at = bytes.indexOf(folder, from);
      if (at === -1) return Math.max(from, bytes.length - folder.length + 1);
      const start = at + folder.length;
      let end = start;
      while (end < start + digits && isDigit[bytes[end] ?? 0] === 1) end += 1;
      if (end === bytes.length && end < start + digits) return at;
      const isWhole = end === start + digits;
      if (isWhole && found.size < most) found.add(bytes.toString('latin1', start, end));
      // The slash that ends the folder can be the one that begins the next.
      from = isWhole ? end : start - 1;
    }
  };

  return {
    push(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      // Only where the two meet are they put together: what begins in `held` ends within this much.
      const reach = folder.length + digits;
      if (bytes.length <= reach) {
        const all = Buffer.concat([held, bytes]);
        held = Buffer.from(all.subarray(search(all)));
        return;
      }
      const seam = Buffer.concat([held, bytes.subarray(0, reach)]);
      const from = Math.max(0, search(seam) - held.length);
      const rest = bytes.subarray(from);
      held = Buffer.from(rest.subarray(search(rest)));
    },
    found: () => [...found],
  };
}
