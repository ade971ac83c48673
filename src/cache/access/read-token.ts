/**
 * The token in a request: `Authorization: Bearer TOKEN`, or Basic with the token as password and any user name. Nix
 * knows only Basic, out of a netrc file or the URL, and sends whatever name it finds there.
 */

/** No token is longer. */
const maxLength = 1000;

export function readToken(authorization: string | undefined): string | undefined {
  const [, scheme = '', value = ''] = /^(\w+) +([\w+/=.~-]+) *$/.exec(authorization ?? '') ?? [];
  const token = scheme.toLowerCase() === 'basic' ? passwordOf(value) : value;
  if (!/^(?:bearer|basic)$/i.test(scheme) || token === '' || token.length > maxLength) return undefined;
  return token;
}

function passwordOf(value: string): string {
  const text = Buffer.from(value, 'base64').toString();
  return text.includes(':') ? text.slice(text.indexOf(':') + 1) : '';
}
