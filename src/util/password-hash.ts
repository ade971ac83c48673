/**
 * Passwords as the database keeps them: Argon2id in PHC form, `$argon2id$v=19$m=…,t=…,p=…$SALT$HASH` (RFC 9106, base64
 * without padding). Hydra wrote the same with its own parameters, and before that a bare SHA-1 in base 16; such an old
 * hash is kept as the Argon2 of its 40 letters, and replaced at the next login.
 */

import { argon2, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2);

/** 19 MiB, two passes: what OWASP asks for at least. */
const usual = { memory: 19_456, passes: 2, parallelism: 1 } as const;
/** A stored hash may not make us spend more than this at a login. */
const most = { memory: 2 ** 20, passes: 16, parallelism: 16 } as const;

interface Parameters {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

interface PasswordHash extends Parameters {
  readonly algorithm: 'argon2id' | 'argon2i' | 'argon2d';
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const form =
  /^\$(argon2id|argon2i|argon2d)\$v=19\$m=(\d{1,8}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,})\$([A-Za-z0-9+/]{6,})$/;

/** True when it can be kept as the hash of a user as it is. */
export function isPasswordHash(text: string): boolean {
  return parse(text) !== undefined;
}

/** A hash to keep; `salt` is random unless given. */
export async function hashPassword(password: string, salt: Buffer = randomBytes(16)): Promise<string> {
  const hash = await digest(password, { ...usual, algorithm: 'argon2id', salt, hash: Buffer.alloc(32) });
  const { memory, passes, parallelism } = usual;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${plain(salt)}$${plain(hash)}`;
}

/** What Hydra made of a bare SHA-1: `hex`, 40 letters. */
export function wrapSha1(hex: string): Promise<string> {
  return hashPassword(hex.toLowerCase());
}

/**
 * `right`: it is the password. `outdated`: it is, and the hash should be replaced by that of `hashPassword`. A hash that
 * is none (`!`) is never right.
 */
export async function checkPassword(
  password: string,
  stored: string,
): Promise<'right' | 'outdated' | 'wrong'> {
  const hash = parse(stored);
  if (hash === undefined) return 'wrong';
  if (timingSafeEqual(await digest(password, hash), hash.hash)) return 'right';
  const sha1 = createHash('sha1').update(password).digest('hex');
  return timingSafeEqual(await digest(sha1, hash), hash.hash) ? 'outdated' : 'wrong';
}

function parse(text: string): PasswordHash | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, algorithm, memory, passes, parallelism, salt = '', hash = ''] = match;
  const parsed = {
    algorithm: algorithm as PasswordHash['algorithm'], // the pattern knows these three
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
  const fits =
    parsed.memory <= most.memory && parsed.passes <= most.passes && parsed.parallelism <= most.parallelism;
  return fits && parsed.passes > 0 && parsed.parallelism > 0 ? parsed : undefined;
}

function digest(message: string, hash: PasswordHash): Promise<Buffer> {
  return derive(hash.algorithm, {
    message: Buffer.from(message, 'utf8'),
    nonce: hash.salt,
    parallelism: hash.parallelism,
    tagLength: hash.hash.length,
    // The lanes must share at least eight blocks each.
    memory: Math.max(hash.memory, 8 * hash.parallelism),
    passes: hash.passes,
  });
}

function plain(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
