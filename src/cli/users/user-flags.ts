/** The flags of `hydra-create-user` on a command; `user-request.ts` says what they mean. */

import type { Command } from 'commander';
import { collect } from '../network-options.ts';

export function withUserFlags(command: Command): Command {
  return command
    .argument('[name...]', 'name of the user')
    .option('--rename-from <name>', 'rename this user first')
    .option('--type <type>', 'hydra, google or github: where the user signs in (default: hydra)')
    .option('--full-name <name>', "full name; '' takes it away")
    .option('--email-address <address>', 'address for notifications')
    .option('--password-prompt', 'ask for the password, or read it from standard input, twice')
    .option('--password-hash <hash>', 'an Argon2id hash, or the SHA-1 of an old Hydra in base 16')
    .option('--password <password>', 'deprecated: others can see it in the list of processes')
    .option('--wipe-roles', 'take away all roles that the user has, before adding any')
    .option('--role <role>', 'a role to add; may be given more than once', collect);
}
