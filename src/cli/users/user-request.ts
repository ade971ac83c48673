/**
 * What `proteus user create` and `hydra-create-user` are asked for, checked as Hydra checks it. The flags, their meaning
 * and what excludes what are Hydra's.
 */

import { z } from 'zod';
import { AppError } from '../../util/app-error.ts';

export const userTypes = ['hydra', 'google', 'github'] as const;

/** The flags as they were given. */
export interface UserFlags {
  readonly renameFrom?: string | undefined;
  readonly type?: string | undefined;
  readonly fullName?: string | undefined;
  readonly emailAddress?: string | undefined;
  readonly passwordPrompt?: boolean | undefined;
  readonly passwordHash?: string | undefined;
  readonly password?: string | undefined;
  readonly wipeRoles?: boolean | undefined;
  readonly role?: readonly string[] | undefined;
}

export type WantedPassword =
  | { readonly type: 'unchanged' }
  | { readonly type: 'none' }
  | { readonly type: 'prompt' }
  | { readonly type: 'plain'; readonly password: string }
  /** Argon2, or SHA-1 in base 16 from an old Hydra. */
  | { readonly type: 'hash'; readonly hash: string };

export interface UserRequest {
  readonly name: string;
  readonly renameFrom: string | undefined;
  /** Undefined: as it is, or `hydra` for a new user. */
  readonly type: (typeof userTypes)[number] | undefined;
  /** Null takes it away; undefined leaves it. */
  readonly fullName: string | null | undefined;
  readonly email: string | undefined;
  readonly password: WantedPassword;
  readonly wipeRoles: boolean;
  readonly roles: readonly string[];
}

/** Throws `user.invalid` with Hydra's reasons. */
export function userRequest(names: readonly string[], flags: UserFlags): UserRequest {
  const [name] = names;
  if (name === undefined || name === '' || names.length > 1) {
    throw invalid(`one user name required${names.length > 1 ? `, got ${names.join(' ')}` : ''}`);
  }
  const type = z.enum(userTypes).optional().safeParse(flags.type);
  if (!type.success) {
    throw invalid(`--type wants one of ${userTypes.join(', ')}; got '${flags.type}'`);
  }
  const common = {
    name,
    renameFrom: flags.renameFrom,
    type: type.data,
    fullName: flags.fullName === '' ? null : flags.fullName,
    wipeRoles: flags.wipeRoles === true,
    roles: flags.role ?? [],
  };
  const password = wantedPassword(flags);
  if (type.data === undefined || type.data === 'hydra')
    return { ...common, email: flags.emailAddress, password };
  if (!name.includes('@')) {
    throw invalid(`a user of type ${type.data} is named by an e-mail address; got '${name}'`);
  }
  if (flags.emailAddress !== undefined) {
    throw invalid(`--email-address cannot be given for a user of type ${type.data}: the name is the address`);
  }
  if (password.type !== 'unchanged') {
    throw invalid(`a user of type ${type.data} signs in over there and has no password here`);
  }
  return { ...common, email: name, password: { type: 'none' } };
}

function wantedPassword(flags: UserFlags): WantedPassword {
  const { password, passwordHash, passwordPrompt = false } = flags;
  const given = [passwordPrompt, passwordHash !== undefined, password !== undefined].filter(Boolean).length;
  if (given > 1) {
    throw invalid('only one of --password-prompt, --password-hash and --password can be given');
  }
  if (passwordPrompt) return { type: 'prompt' };
  if (password === '') throw invalid('an empty password is not allowed');
  if (password !== undefined) return { type: 'plain', password };
  return passwordHash === undefined ? { type: 'unchanged' } : { type: 'hash', hash: passwordHash };
}

function invalid(message: string): AppError {
  return new AppError('user.invalid', message);
}
