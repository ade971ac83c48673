/**
 * Writing values as Nix expressions. A string comes out on one line, whatever is in it, so that it can be typed to
 * `nix repl`. Source: libexpr/lexer.l.
 */

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '${': '\\${',
};

/** The text as a Nix string literal. */
export function nixString(text: string): string {
  return `"${text.replace(/[\\"\n\r\t]|\$\{/g, (special) => escapes[special] ?? special)}"`;
}

/** A list of strings as a Nix expression. */
export function nixStringList(texts: readonly string[]): string {
  return `[ ${texts.map(nixString).join(' ')} ]`;
}
