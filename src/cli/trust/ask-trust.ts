/** What a cache says of its own keys: `/trust?json` of ours, else the keys of `/pubkey`, which others have too. */

import { z } from 'zod';
import { parsePublicKey } from '../../nix/public-key.ts';
import { isStorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';

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

/** More than that no answer of this kind has. */
const maxBytes = 1024 * 1024;

/** `url`: of the cache, without a slash at its end. Undefined when it does not say; throws `cache.unreachable`. */
export async function askTrust(url: string, signal: AbortSignal): Promise<AskedTrust | undefined> {
  const trust = await ask(`${url}/trust?json`, signal);
  const parsed = trustSchema.safeParse(json(trust));
  if (parsed.success) return parsed.data;
  const keys = (await ask(`${url}/pubkey`, signal)).split('\n').map((line) => line.trim());
  const listed = z
    .array(keyText)
    .min(1)
    .max(100)
    .safeParse(keys.filter((line) => line !== ''));
  return listed.success ? { publicKeys: listed.data } : undefined;
}

async function ask(url: string, signal: AbortSignal): Promise<string> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(30_000)]);
    const response = await fetch(url, { signal: limit, headers: { Accept: 'application/json, text/plain' } });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      return '';
    }
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body) {
      bytes += chunk.length;
      if (bytes > maxBytes) return '';
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString();
  } catch (error) {
    signal.throwIfAborted();
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    throw new AppError('cache.unreachable', `cannot ask ${url}: ${errorMessage(cause)}`, { cause: error });
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
