/** `proteus upload-secrets NETWORK`: the secrets of hosts, those of both phases; only what differs is sent. */

import { randomBytes } from 'node:crypto';
import { lockHost } from '../../deploy/activation/lock-host.ts';
import type { KnownHost } from '../../deploy/known-host.ts';
import type { SecretsUploaded, StepOptions } from '../../deploy/rollout/host-steps.ts';
import { createSecretMemory } from '../../deploy/secrets/secret-memory.ts';
import { uploadName } from '../../deploy/secrets/upload-name.ts';
import { type UploadRequest, uploadSecrets } from '../../deploy/secrets/upload-secrets.ts';
import type { HostSession } from '../../deploy/session/host-session.ts';
import { encodeBase32 } from '../../nix/base32.ts';
import { printable } from '../../util/printable.ts';
import type { CommandModule } from '../command-module.ts';
import { say } from '../context.ts';
import { checkOnHost } from '../hosts/check-on-host.ts';
import { type HostFlags, withHostFlags, withTimeout } from '../hosts/host-flags.ts';
import { onHosts } from '../hosts/on-hosts.ts';
import { whoAmI } from '../who-am-i.ts';

interface Flags extends HostFlags {
  readonly timeout?: number;
  readonly skipHealthChecks?: boolean;
  readonly force?: boolean;
  readonly removeGone?: boolean;
  readonly ageIdentity?: string;
}

/** Between signs of life. */
const beatMs = 5000;

export const define: CommandModule['define'] = (command, run) => {
  withTimeout(withHostFlags(command), 'longest time for the health checks of a host')
    .option('--skip-health-checks', 'do not look whether hosts are well afterwards')
    .option('--force', 'upload also what is in place already, and run its action')
    .option('--remove-gone', 'remove what was uploaded once and is not in the configuration any more')
    .option('--age-identity <file>', 'what secrets encrypted with age are decrypted with')
    .addHelpText(
      'after',
      `
A secret is written whole or not at all, with its owner and mode. Its action runs when it has changed. A host that a rollout
works on is left alone, and the message says which rollout it is.
The exit code is 1 when anything is not as the configuration says, or when health checks fail afterwards.

Examples:
  proteus upload-secrets network.nix --on web01
  proteus upload-secrets network.nix --remove-gone --skip-health-checks
`,
    )
    .action((file: string, flags: Flags) => {
      run(async (context) => {
        const name = uploadName(whoAmI(context.env), encodeBase32(randomBytes(4)));
        await using memory = createSecretMemory({ ageIdentity: flags.ageIdentity });
        return await onHosts(context, file, flags, {
          buildOnly: 'Secret upload is disabled for build-only host',
          async run(host, tools) {
            const tell = (line: string): void => {
              if (context.json) context.emit({ type: 'host.log', host: host.name, line });
              else say(context, `${host.name}: ${printable(line)}`);
            };
            // What has no secrets is not worth a login, unless old ones may be there.
            const hasWork = Object.keys(host.secrets).length > 0 || flags.removeGone === true;
            const { uploaded, unchanged, partial } = hasWork
              ? await uploadLocked(
                  await tools.session(),
                  host,
                  { phase: 'all', memory, force: flags.force, removeGone: flags.removeGone },
                  { name, signal: tools.signal, onLine: tell },
                )
              : { uploaded: [], unchanged: [], partial: [] };
            tell(`secrets: ${uploaded.length} uploaded, ${unchanged.length} unchanged`);
            if (!flags.skipHealthChecks) {
              await checkOnHost(host, tools, { timeoutSeconds: flags.timeout ?? 0, emit: context.emit });
            }
            return partial;
          },
        });
      });
    });
};

/** A rollout that comes meanwhile is told who has the host, and one that has it is not disturbed. */
async function uploadLocked(
  session: HostSession,
  host: KnownHost,
  request: UploadRequest,
  { name, ...options }: StepOptions & { readonly name: string },
): Promise<SecretsUploaded> {
  await using _lock = await lockHost(session, { rollout: name, beatMs }, options);
  return await uploadSecrets(session, host, request, options);
}
