import type { UserRecord } from '../../db/records.ts';

/** A user as Hydra says one, without anything secret. */
export function userJson(user: UserRecord) {
  return {
    username: user.name,
    fullname: user.fullName,
    emailaddress: user.email,
    userroles: user.roles,
  };
}
