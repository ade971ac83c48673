/**
 * Every command by its words. A command's module is loaded only when it is asked for, so that `proteus --help` and
 * the quick commands do not pay for the rest.
 */

import type { CommandModule } from './command-module.ts';

export interface CommandEntry {
  /** `build`, or noun and verb: `cache serve`. */
  readonly words: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

export const commandTable: readonly CommandEntry[] = [
  {
    words: 'build',
    summary: 'evaluate and build the hosts of a network',
    load: () => import('./commands/build.ts'),
  },
  {
    words: 'push',
    summary: 'build, then copy each system to its host',
    load: () => import('./commands/push.ts'),
  },
  {
    words: 'deploy',
    summary: 'build, copy and activate, host by host in order',
    load: () => import('./commands/deploy.ts'),
  },
  {
    words: 'eval',
    summary: 'print the value of an attribute of a network',
    load: () => import('./commands/eval.ts'),
  },
  {
    words: 'list-secrets',
    summary: 'list the secrets that the hosts of a network want',
    load: () => import('./commands/list-secrets.ts'),
  },
  {
    words: 'cache serve',
    summary: 'serve the local store as a signed binary cache',
    load: () => import('./commands/cache-serve.ts'),
  },
  {
    words: 'key generate',
    summary: 'make a key that signs what a cache serves',
    load: () => import('./commands/key-generate.ts'),
  },
  {
    words: 'user create',
    summary: 'make a user of the server, or change one',
    load: () => import('./commands/user-create.ts'),
  },
  {
    words: 'user list',
    summary: 'list the users of the server',
    load: () => import('./commands/user-list.ts'),
  },
  {
    words: 'user delete',
    summary: 'take a user away',
    load: () => import('./commands/user-delete.ts'),
  },
  {
    words: 'doctor',
    summary: 'say what is wrong with this set-up, and how to mend it',
    load: () => import('./commands/doctor.ts'),
  },
];
