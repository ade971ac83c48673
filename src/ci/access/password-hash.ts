/**
 * Passwords as the database keeps them: argon2id in the PHC form
 * `$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>` (base64 without padding), or `!` for none.
 *
 * Hydra's hashes are of that form, at another cost, and are taken as they are. Some of them are not of the password
 * but of its sha1 (40 digits, base 16), which Hydra kept long ago and wrapped later; nothing tells which. So against
 * a hash that is not of our cost a password is tried both ways, and when it is right, it is `outdated`.
 *
 * Hashing runs on libuv's threads, two at a time, so that logins stop neither the event loop nor file access.
 * Source: RFC 9106; the PHC string format; Hydra's Users.pm.
 */

import { argon2, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { AppError } from '../../util/app-error.ts';
import { limitConcurrency } from '../../util/limit-concurrency.ts';

export interface PasswordCost {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly lanes: number;
}

/** RFC 9106's second choice: 64 MiB. Its first takes 2 GiB for each login. */
const ourCost: PasswordCost = { memory: 65_536, passes: 3, lanes: 4 };

/** Hydra's, for sha1 that we wrap, so that it is told apart from hashes of ours. */
const hydraCost: PasswordCost = { memory: 262_144, passes: 3, lanes: 1 };

/** More than these would let whoever writes a hash stop the server with it. */
const maxCost: PasswordCost = { memory: 1_048_576, passes: 16, lanes: 16 };

interface ParsedHash extends PasswordCost {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const runArgon2 = promisify(argon2);
const limited = limitConcurrency({
  running: 2,
  waiting: 64,
  refuse: () => new AppError('access.busy', 'too many passwords are being checked at the moment'),
});

/** The hash of a password, with a fresh salt. Throws `access.busy` when too many wait already. */
export async function hashPassword(password: string, cost: PasswordCost = ourCost): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, { ...cost, salt, hash: Buffer.alloc(32) });
  const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.lanes}$${base64(salt)}$${base64(hash)}`;
}

/**
 * Whether it is the password of that hash; `outdated` when it is, and should be hashed anew. Takes as long for a
 * user who has none (`undefined`) as for one who has. Throws `access.busy`.
 */
export async function verifyPassword(
  password: string,
  stored: string | undefined,
): Promise<'wrong' | 'right' | 'outdated'> {
  const parsed = parseHash(stored ?? '');
  if (parsed === undefined) {
    await hashPassword(password);
    return 'wrong';
  }
  const matches = async (text: string): Promise<boolean> =>
    timingSafeEqual(await derive(text, parsed), parsed.hash);
  const { memory, passes, lanes } = ourCost;
  const isOurs = parsed.memory === memory && parsed.passes === passes && parsed.lanes === lanes;
  if (await matches(password)) return isOurs ? 'right' : 'outdated';
  if (isOurs) return 'wrong';
  return (await matches(createHash('sha1').update(password).digest('hex'))) ? 'outdated' : 'wrong';
}

/**
 * A hash from elsewhere in the form that is kept: argon2id as it is, 40 characters of sha1 wrapped. Throws
 * `access.hash-invalid`.
 */
export async function importPasswordHash(hash: string): Promise<string> {
  if (parseHash(hash) !== undefined) return hash;
  if (/^[0-9a-f]{40}$/i.test(hash)) return hashPassword(hash.toLowerCase(), hydraCost);
  throw new AppError(
    'access.hash-invalid',
    'wanted a password hash like $argon2id$v=19$m=65536,t=3,p=4$<salt>$<hash>, or the 40 digits of a sha1, ' +
      `got ${hash.length} characters that are neither`,
  );
}

function parseHash(text: string): ParsedHash | undefined {
  const match =
    /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [memory = 0, passes = 0, lanes = 0] = match.slice(1, 4).map(Number);
  const fits =
    lanes >= 1 &&
    passes >= 1 &&
    memory >= 8 * lanes &&
    memory <= maxCost.memory &&
    passes <= maxCost.passes &&
    lanes <= maxCost.lanes;
  if (!fits) return undefined;
  const [salt, hash] = match.slice(4).map((part) => Buffer.from(part, 'base64'));
  if (salt === undefined || hash === undefined || salt.length < 8) return undefined;
  return { memory, passes, lanes, salt, hash };
}

function derive(password: string, { memory, passes, lanes, salt, hash }: ParsedHash): Promise<Buffer> {
  return limited(() =>
    runArgon2('argon2id', {
      message: password,
      nonce: salt,
      parallelism: lanes,
      tagLength: hash.length,
      memory,
      passes,
    }),
  );
}
