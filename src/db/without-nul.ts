/** PostgreSQL takes no NUL in a text and SQLite stops reading at it: on both it becomes U+FFFD, as in Unicode texts. */
export function withoutNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
}
