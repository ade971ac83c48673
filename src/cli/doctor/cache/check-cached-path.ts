/** One path as the cache has it: is it there, and would Nix take it? Pure, but for the request. */

import { fingerprint } from '../../../nix/fingerprint.ts';
import type { NarInfo } from '../../../nix/narinfo.ts';
import { parseNarInfo } from '../../../nix/parse-narinfo.ts';
import { type StorePath, storePathHash } from '../../../nix/store-path.ts';
import { errorMessage } from '../../../util/error-message.ts';
import type { CacheAnswer } from '../../trust/get-from-cache.ts';
import { type Check, ok, problem } from '../check.ts';
import type { TrustedKeys } from './check-trusted-keys.ts';

export interface CachedPathResult {
  readonly check: Check;
  /** Undefined when the cache does not have it. */
  readonly info: NarInfo | undefined;
}

/** Never throws. `addHint`: how to trust another key, but for the key. */
export async function checkCachedPath(
  url: string,
  path: StorePath,
  trusted: TrustedKeys,
  ask: (url: string) => Promise<CacheAnswer>,
  addHint: string,
): Promise<CachedPathResult> {
  const name = `path ${path}`;
  const source = `${url}/${storePathHash(path)}.narinfo`;
  const bad = (detail: string, mend: string, info?: NarInfo): CachedPathResult => ({
    check: problem(name, detail, mend),
    info,
  });
  let info: NarInfo;
  try {
    const { status, body } = await ask(source);
    if (status === 404) {
      return bad('is not in the cache', 'build it there, or upload it: nix copy --to URL PATH');
    }
    if (status !== 200) {
      return bad(
        `${source} gives HTTP status ${status}${status >= 500 ? '; Nix before 2.32 gives the whole build up over that' : ''}`,
        'look into the log of the cache',
      );
    }
    info = parseNarInfo(body, source);
  } catch (error) {
    return bad(errorMessage(error), 'look into the log of the cache');
  }
  if (info.storePath !== path) {
    return bad(`${source} is of another path: ${info.storePath}`, 'look at the name of the path', info);
  }
  return { check: judge(name, info, trusted, addHint), info };
}

function judge(name: string, info: NarInfo, trusted: TrustedKeys, addHint: string): Check {
  const message = fingerprint({ ...info, path: info.storePath });
  const names = info.signatures.map((text) => text.slice(0, text.indexOf(':')));
  const right = info.signatures.find((text, at) =>
    trusted.byName.get(names[at] ?? '')?.verify(message, text),
  );
  if (right !== undefined) {
    return ok(name, `is there, and signed by ${right.slice(0, right.indexOf(':'))}, which is trusted`);
  }
  if (info.contentAddress !== undefined) {
    return ok(name, 'is there, and content-addressed: it needs no signature');
  }
  if (names.length === 0) {
    return problem(
      name,
      'is in the cache without any signature: Nix says "lacks a signature by a trusted key"',
      'give the server of the cache a signing key; a cache of Proteus signs everything',
    );
  }
  const known = names.filter((keyName) => trusted.byName.has(keyName));
  if (known.length > 0) {
    return problem(
      name,
      `is signed in the name of ${known.join(', ')}, which is trusted, but not with the key that is trusted: Nix says "not signed by any of the keys"`,
      'compare the key with the one that the cache has (proteus cache trust --url URL); a key that was replaced needs a new name',
    );
  }
  return problem(
    name,
    `is signed by ${names.join(', ')}, none of which is trusted: Nix says "not signed by any of the keys"`,
    `${addHint} the key of ${names[0]}`,
  );
}
