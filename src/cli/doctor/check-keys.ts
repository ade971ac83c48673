/** Signing keys: readable, private, whole, and no two of one name. */

import { stat } from 'node:fs/promises';
import { readKeyFile } from '../../cache/read-key-file.ts';
import { printPublicKey } from '../../nix/public-key.ts';
import type { SecretKey } from '../../nix/signing-key.ts';
import { errorMessage } from '../../util/error-message.ts';
import { type Check, ok, problem, warning } from './check.ts';

/** One check per key file, and one for names that are used twice. */
export async function checkKeys(files: readonly string[]): Promise<readonly Check[]> {
  const checks: Check[] = [];
  const names = new Map<string, string>();
  for (const file of files) {
    const name = `key ${file}`;
    try {
      const key = await readKeyFile(file, () => {});
      checks.push(await checkKey(name, file, key));
      const other = names.get(key.name);
      if (other !== undefined) {
        checks.push(
          problem(
            name,
            `has the same name as ${other}: clients look keys up by name`,
            'make one of them anew under another name',
          ),
        );
      }
      names.set(key.name, file);
    } catch (error) {
      checks.push(problem(name, errorMessage(error), 'make a key with: proteus key generate NAME'));
    }
  }
  return checks;
}

async function checkKey(name: string, file: string, key: SecretKey): Promise<Check> {
  const message = 'proteus doctor';
  if (!key.publicKey.verify(message, key.sign(message))) {
    return problem(
      name,
      'does not verify its own signature: the file is damaged',
      'restore it from a backup, or make a new key',
    );
  }
  const { mode } = await stat(file);
  if ((mode & 0o077) !== 0) {
    return warning(name, `can be read by others (mode ${(mode & 0o777).toString(8)})`, `chmod 600 ${file}`);
  }
  return ok(name, `signs; clients trust ${printPublicKey(key.publicKey)}`);
}
