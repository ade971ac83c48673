/**
 * Takes out of a text what looks like a secret: passwords in URLs, authorization headers, our own tokens, secret
 * signing keys, password hashes. A last net for logs and messages; secrets should not come that far.
 */

const patterns: readonly (readonly [RegExp, string])[] = [
  // scheme://user:password@host
  [/([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi, '$1:***@'],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}/gi, '$1 ***'],
  [/([?&](?:token|secret|password|access_token|signature)=)[^&\s"']+/gi, '$1***'],
  [/\bproteus_[A-Za-z0-9_-]{20,}/g, 'proteus_***'],
  [/\$argon2(id|i|d)\$[^\s"']+/g, '$$argon2$1$$***'],
  // NAME:BASE64 of the 64 bytes of a secret key; a public key has 32.
  [/\b([A-Za-z0-9._-]+):[A-Za-z0-9+/]{86}==/g, '$1:***'],
];

/** The text with `***` for each secret. */
export function scrubSecrets(text: string): string {
  return patterns.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text);
}
