/** Logins, sessions and tokens over the users of the database. */

import type { UserRepository } from '../../db/database.ts';
import { AppError } from '../../util/app-error.ts';
import { formatDuration } from '../../util/format-duration.ts';
import type { Access } from './access.ts';
import { createLoginThrottle } from './login-throttle.ts';
import { hashPassword, verifyPassword } from './password-hash.ts';
import { hashSecret, newSessionSecret, newTokenSecret, tokenPrefix } from './secret.ts';

/** As Hydra's. */
const sessionLifetime = 7 * 86_400_000;

export function createAccess({
  users,
  now,
}: {
  readonly users: UserRepository;
  readonly now: () => number;
}): Access {
  const throttle = createLoginThrottle({ now });
  return {
    async login(name, password, address) {
      const wait = throttle.wait(name, address);
      if (wait > 0) {
        throw new AppError(
          'access.too-often',
          `too many wrong passwords lately: wait ${formatDuration(wait)} before the next try`,
        );
      }
      // Counted before it is known, so that many tries at once are not all free.
      throttle.failed(name, address);
      const user = await users.find(name);
      const verdict = await verifyPassword(password, user?.passwordHash);
      if (user === undefined || verdict === 'wrong') return undefined;
      throttle.succeeded(name, address);
      if (verdict === 'outdated') await users.save({ ...user, passwordHash: await hashPassword(password) });
      const session = newSessionSecret();
      const expiresAt = now() + sessionLifetime;
      await users.createSession(hashSecret(session), user.name, expiresAt);
      return { user, session, expiresAt };
    },
    async logout(session) {
      await users.deleteSession(hashSecret(session));
    },
    async userOfSession(session) {
      return users.userOfSession(hashSecret(session), now());
    },
    async userOfToken(token) {
      return token.startsWith(tokenPrefix) ? users.userOfToken(hashSecret(token), now()) : undefined;
    },
    async createToken(user, { name, expiresAt }) {
      const secret = newTokenSecret();
      const token = await users.createToken({
        user,
        name,
        createdAt: now(),
        expiresAt,
        hash: hashSecret(secret),
      });
      return { token, secret };
    },
  };
}
