/** What a cache says of its own keys: `/trust?json` of ours, else the keys of `/pubkey`, which others have too. */

import { z } from 'zod';
import { parsePublicKey } from '../../nix/public-key.ts';
import { isStorePath } from '../../nix/store-path.ts';

const keyText = z.string().refine((text) => {
  try {
    parsePublicKey(text);
    return true;
  } catch {
    return false;
  }
}, 'wanted a public key NAME:BASE64');
const trustSchema = z.object({
  publicKeys: z.array(keyText).min(1).max(100),
  path: z.string().refine(isStorePath, 'wanted a store path').optional(),
});

export interface AskedTrust {
  readonly publicKeys: readonly string[];
  /** A path that the cache has, and that proves trust in its keys. */
  readonly path?: string | undefined;
}

/**
 * `url`: of the cache, without a slash at its end; `ask`: does a GET. Undefined when the cache does not say; throws what
 * `ask` throws.
 */
export async function askTrust(
  url: string,
  ask: (url: string) => Promise<{ readonly status: number; readonly body: string }>,
): Promise<AskedTrust | undefined> {
  const trust = await ask(`${url}/trust?json`);
  const parsed = trustSchema.safeParse(trust.status === 200 ? json(trust.body) : undefined);
  if (parsed.success) return parsed.data;
  const { status, body } = await ask(`${url}/pubkey`);
  const keys = status === 200 ? body.split('\n').map((line) => line.trim()) : [];
  const listed = z
    .array(keyText)
    .min(1)
    .max(100)
    .safeParse(keys.filter((line) => line !== ''));
  return listed.success ? { publicKeys: listed.data } : undefined;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
