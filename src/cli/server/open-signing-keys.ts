/**
 * The keys that the server's cache signs with: those of the configuration, else one of its own, which the first start
 * makes. A key stays the same for ever, for clients trust it by name.
 */

import { existsSync } from 'node:fs';
import { readKeyFile } from '../../cache/read-key-file.ts';
import { generateSecretKey, printSecretKey, type SecretKey } from '../../nix/signing-key.ts';
import { writeNewFile } from '../write-new-file.ts';
import type { DataDirectory } from './data-directory.ts';

export interface SigningKeys {
  readonly keys: readonly SecretKey[];
  /** The file of a key that was made just now. */
  readonly made: string | undefined;
}

/** Throws `cache.key-invalid` and `key.file`. */
export async function openSigningKeys(options: {
  readonly files: readonly string[];
  readonly directory: DataDirectory;
  readonly hostName: string;
  readonly warn: (text: string) => void;
}): Promise<SigningKeys> {
  const { files, directory, hostName, warn } = options;
  if (files.length > 0) {
    return { keys: await Promise.all(files.map((file) => readKeyFile(file, warn))), made: undefined };
  }
  const file = directory.signingKey;
  const isNew = !existsSync(file);
  if (isNew) await writeNewFile(file, printSecretKey(generateSecretKey(`${hostName}-1`)), 0o600);
  return { keys: [await readKeyFile(file, warn)], made: isNew ? file : undefined };
}
