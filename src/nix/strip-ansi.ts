/**
 * Takes terminal escapes out of a text, as Nix and build tools print them: control sequences (`ESC [ …`, colours among
 * them), operating system commands (`ESC ] …` up to BEL or `ESC \`, e.g. links), and two-character escapes (`ESC \` among
 * them). Source: ECMA-48.
 */

// oxlint-disable-next-line no-control-regex -- control characters are what it is about
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]?|\][^\u0007\u001b]*\u0007?|[ -/]*[0-Z\\^-~])?/g;

/** The text without terminal escapes; everything else, tabs and newlines too, stays. */
export function stripAnsi(text: string): string {
  return text.includes('\u001b') ? text.replace(escapes, '') : text;
}
