/** Secrets from files, one each: what a webhook is signed with. */

import { readFile } from 'node:fs/promises';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';

/** Their contents without the last newline. Throws `config.invalid`, which never quotes one. */
export async function readSecrets(files: readonly string[]): Promise<readonly string[]> {
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(file, 'utf8').catch((cause: unknown) => {
        throw new AppError('config.invalid', `cannot read the secret in ${file}: ${errorMessage(cause)}`, {
          cause,
        });
      });
      const secret = text.replace(/\r?\n$/, '');
      if (secret === '')
        throw new AppError('config.invalid', `the file ${file} should hold a secret, and is empty`);
      return secret;
    }),
  );
}
