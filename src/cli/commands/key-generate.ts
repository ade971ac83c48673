/** `proteus key generate NAME`: a new signing key; the secret goes to a file, the public line to standard output. */

import { open } from 'node:fs/promises';
import path from 'node:path';
import { printPublicKey } from '../../nix/public-key.ts';
import { generateSecretKey, printSecretKey } from '../../nix/signing-key.ts';
import { AppError } from '../../util/app-error.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult, say } from '../context.ts';

export const define: CommandModule['define'] = (command, run) => {
  command
    .argument('<name>', 'name of the key: clients see it, so take the cache’s host name and a number')
    .option('--secret <file>', 'file for the secret key (default: NAME.secret)')
    .option('--public <file>', 'also write the public key to this file')
    .addHelpText(
      'after',
      `
Example:
  proteus key generate cache.example.org-1 --secret /etc/proteus/cache.secret
  prints: cache.example.org-1:… , the line for trusted-public-keys of every client
`,
    )
    .action((name: string, flags: { readonly secret?: string; readonly public?: string }) => {
      run(async (context) => {
        const key = generateSecretKey(name);
        const file = path.resolve(context.cwd, flags.secret ?? `${name}.secret`);
        await writeNew(file, printSecretKey(key), 0o600);
        const publicText = printPublicKey(key.publicKey);
        if (flags.public !== undefined)
          await writeNew(path.resolve(context.cwd, flags.public), publicText, 0o644);
        say(context, `secret key: ${file} (keep it to yourself)`);
        printResult(context, publicText, { publicKey: publicText, secretFile: file });
        return 0;
      });
    });
};

/** Never writes over a key: clients that trust it would be left without. */
async function writeNew(file: string, text: string, mode: number): Promise<void> {
  try {
    const handle = await open(file, 'wx', mode);
    await handle.writeFile(text);
    await handle.sync();
    await handle.close();
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST'; // node:fs throws nothing else
    throw new AppError('key.file', `cannot write ${file}: ${exists ? 'it exists already' : String(cause)}`, {
      cause,
    });
  }
}
