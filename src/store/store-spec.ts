/** How a store is reached. */

import type { SshSettings, SshTarget } from '../process/ssh.ts';
import type { Argv } from '../process/start-process.ts';

export type StoreSpec =
  /** This machine's: its daemon where one listens, else a daemon of our own, for which we must own the store. */
  | { readonly type: 'local' }
  /** A daemon that listens on a Unix socket. */
  | { readonly type: 'socket'; readonly path: string }
  /** A program that speaks the worker protocol on its standard input and output, as `nix-daemon --stdio` does. */
  | { readonly type: 'command'; readonly argv: Argv; readonly name: string }
  /** `nix-daemon --stdio` on another machine. */
  | {
      readonly type: 'ssh';
      readonly target: SshTarget;
      readonly settings: SshSettings;
      /** The daemon's program there, with arguments separated by spaces; default `nix-daemon`. */
      readonly remoteProgram?: string | undefined;
      /** Which store that daemon opens; default its own. */
      readonly remoteStore?: string | undefined;
    };

/** What the store is called in messages: no key, no option. */
export function storeName(spec: StoreSpec): string {
  switch (spec.type) {
    case 'local':
      return 'local';
    case 'socket':
      return `unix://${spec.path}`;
    case 'command':
      return spec.name;
    case 'ssh': {
      const { user, host, port } = spec.target;
      const address = host.includes(':') ? `[${host}]` : host;
      return `ssh-ng://${user === undefined ? '' : `${user}@`}${address}${port === undefined ? '' : `:${port}`}`;
    }
  }
}
