/** What the API works on, and what is known about a request while it is answered. */

import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { KeptLog } from '../cache/kept/kept-extras.ts';
import type { CacheRetention } from '../cache/retention/cache-retention.ts';
import type { Access } from '../ci/access/access.ts';
import type { Ci } from '../ci/ci.ts';
import type { UserRecord } from '../db/records.ts';

export interface ApiSettings {
  /** What clients see, e.g. `https://ci.example.org`; without it, what the request says. */
  readonly baseUrl?: string | undefined;
  /** True: reading, too, is only for users. */
  readonly private?: boolean | undefined;
  readonly webhookSecrets: { readonly github: readonly string[]; readonly gitea: readonly string[] };
  readonly version: string;
}

/** A type of input, as the plug-in says it. */
export interface InputType {
  readonly type: string;
  readonly title: string;
  /** What is wrong with a value; undefined: nothing. */
  check(value: string): string | undefined;
}

export interface ApiDeps {
  readonly ci: Ci;
  readonly access: Access;
  readonly settings: ApiSettings;
  readonly inputTypes: readonly InputType[];
  /** Undefined where no caches are kept. */
  readonly cacheRetention?: CacheRetention | undefined;
  /** Logs that were uploaded to the cache at the root, by the base name of the derivation. */
  readonly keptLog?: ((name: string) => Promise<KeptLog | undefined>) | undefined;
  /** The folder that `/nix/store` is; undefined where files of the store cannot be read. */
  readonly storeFilesAt: string | undefined;
  /** Where Nix itself keeps logs, for derivations that Proteus never built; undefined: nowhere. */
  readonly nixLogDirectory: string | undefined;
  readonly now: () => number;
  /** Told of every fault that is ours; the client sees no more than that there was one. */
  readonly onFault: (message: string, error: unknown) => void;
  /** How often a listener that hears nothing is told that the server is there. Default 15 seconds. */
  readonly heartbeatMs?: number | undefined;
}

/** Who makes a request. */
export type Caller =
  | { readonly by: 'nobody' }
  | { readonly by: 'session'; readonly user: UserRecord; readonly session: string }
  | { readonly by: 'token'; readonly user: UserRecord };

export interface ApiEnv {
  Variables: { caller: Caller };
  /** Empty where no HTTP server is in front, as in tests. */
  Bindings: Partial<HttpBindings>;
}

export type ApiContext = Context<ApiEnv>;
