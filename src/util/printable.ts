/**
 * Text that came from somewhere else (a build, a host), made safe for a terminal: colour codes are taken out and
 * other control characters become spaces, so that a log line cannot move the cursor or rewrite what was printed.
 */
export function printable(text: string): string {
  // An escape sequence: CSI with its parameters, OSC up to its end, or a two-character one.
  const plain = text.replace(
    /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_])/g,
    '',
  );
  return plain.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, ' ').trimEnd();
}
