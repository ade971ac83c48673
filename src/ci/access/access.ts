/** Who is there: logins, sessions and tokens. The contract; `create-access.ts` makes one. `may.ts` says who may do what. */

import type { TokenRecord, UserRecord } from '../../db/records.ts';

export interface Login {
  readonly user: UserRecord;
  /** The secret of the session. */
  readonly session: string;
  readonly expiresAt: number;
}

export interface Access {
  /**
   * Opens a session; `undefined` when the name or the password is wrong. Throws `access.too-often` when that happened
   * too often lately, and `access.busy`. `address`: of the client, for counting.
   */
  login(name: string, password: string, address: string): Promise<Login | undefined>;
  logout(session: string): Promise<void>;
  userOfSession(session: string): Promise<UserRecord | undefined>;
  /** Marks the token used. */
  userOfToken(token: string): Promise<UserRecord | undefined>;
  /** The secret is told this once. `expiresAt` null: never. */
  createToken(
    user: string,
    token: { readonly name: string; readonly expiresAt: number | null },
  ): Promise<{ readonly token: TokenRecord; readonly secret: string }>;
}
