/**
 * Reads a secret signing key from its file: `NAME:BASE64`, on one line, as `nix-store --generate-binary-cache-key`
 * or `nix key generate-secret` writes it. No message ever holds any of the file's content.
 */

import { readFile, stat } from 'node:fs/promises';
import { parseSecretKey, type SecretKey } from '../nix/signing-key.ts';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';

/**
 * The key. `warn` is told when others than the owner may read the file, which is used all the same. Throws
 * `cache.key-invalid`.
 */
export async function readKeyFile(path: string, warn: (message: string) => void): Promise<SecretKey> {
  let text: string;
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      warn(
        `the secret key ${path} has mode ${octal}: others than its owner can get at it, and whoever has it can ` +
          `sign anything in your name. Mend it with: chmod 0600 ${path}`,
      );
    }
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new AppError('cache.key-invalid', `cannot read the secret key ${path}: ${errorMessage(cause)}`, {
      cause,
    });
  }
  try {
    return parseSecretKey(text);
  } catch (cause) {
    throw new AppError('cache.key-invalid', `${path} holds no secret key: ${errorMessage(cause)}`, { cause });
  }
}
