/**
 * A connection to one host for all that is done there: one login, over which its store is spoken to and commands are run.
 * `open-host-session.ts` makes one.
 */

import type { Store } from '../../store/store.ts';
import type { PlannedHost } from '../deploy-plan.ts';
import type { HostFacts } from './host-facts.ts';

export interface RunOnHostOptions {
  /** Both its streams, without line ends. */
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
  /** Milliseconds; default: no limit. `process.timeout` is thrown. */
  readonly timeoutMs?: number | undefined;
  /** With root's rights: through sudo where the login is not root's. */
  readonly asRoot?: boolean | undefined;
  /** Sent on its standard input, e.g. a script or a secret, which must be on no command line. */
  readonly stdin?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** A login of its own, which shows that the host can be reached now. */
  readonly fresh?: boolean | undefined;
}

export interface HostSession extends AsyncDisposable {
  readonly host: Pick<PlannedHost, 'name' | 'target'>;
  /** The store of the host, over the same login. */
  readonly store: Store;
  /** Asked when the session was opened. */
  readonly facts: HostFacts;
  /** Asks again. */
  refresh(options: { readonly signal: AbortSignal }): Promise<HostFacts>;
  /** Breaks off all that goes over the login, which may hang after a reboot or a cut: what comes next logs in anew. */
  reset(): Promise<void>;
  /**
   * Runs `words`, which the login shell of the host reads again (quote what must stay one word). The exit code. Throws
   * `deploy.connection-lost` when none comes, `deploy.sudo-failed` when sudo wants a password that nobody gave, or takes
   * none.
   */
  run(words: readonly string[], options: RunOnHostOptions): Promise<number>;
}
