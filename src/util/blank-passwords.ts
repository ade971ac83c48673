/**
 * Passwords in URLs: `https://user:secret@host/…` is shown as `https://user:***@host/…`. What was shown so can come
 * back, and then stands for the password that is known for the same scheme, user and host: nobody gets a password sent
 * to another host by asking for it.
 */

/** Scheme with user; password; host with port. */
const form = /([a-z][a-z0-9+.-]*:\/\/[^\s/?#@:]*):([^\s/?#@]+)@([^\s/?#@\\]*)/gi;
const blank = '***';

/** The text with `***` for each password. */
export function blankPasswords(text: string): string {
  return text.replace(form, (_, user: string, __, host: string) => `${user}:${blank}@${host}`);
}

/** The text with the passwords that `known` texts have in the same places; undefined when one is in none of them. */
export function restorePasswords(text: string, known: readonly string[]): string | undefined {
  const passwords = new Map<string, string>();
  for (const [, user, password, host] of known.flatMap((one) => [...one.matchAll(form)])) {
    if (password !== undefined && password !== blank) passwords.set(`${user}@${host}`, password);
  }
  let isWhole = true;
  const restored = text.replace(form, (whole, user: string, password: string, host: string) => {
    if (password !== blank) return whole;
    const found = passwords.get(`${user}@${host}`);
    if (found === undefined) isWhole = false;
    return `${user}:${found}@${host}`;
  });
  return isWhole ? restored : undefined;
}
