/** `proteus key generate NAME`: a new signing key; the secret goes to a file, the public line to standard output. */

import path from 'node:path';
import { printPublicKey } from '../../nix/public-key.ts';
import { generateSecretKey, printSecretKey } from '../../nix/signing-key.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult, say } from '../context.ts';
import { writeNewFile } from '../write-new-file.ts';

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
        // Clients that trust a key would be left without it, so it is never written over.
        const file = path.resolve(context.cwd, flags.secret ?? `${name}.secret`);
        await writeNewFile(file, printSecretKey(key), 0o600);
        const publicText = printPublicKey(key.publicKey);
        if (flags.public !== undefined)
          await writeNewFile(path.resolve(context.cwd, flags.public), publicText, 0o644);
        say(context, `secret key: ${file} (keep it to yourself)`);
        printResult(context, publicText, { publicKey: publicText, secretFile: file });
        return 0;
      });
    });
};
