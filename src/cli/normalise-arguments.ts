/**
 * Morph's grammar brought into the form that our parser reads: global flags may stand before the command, and a flag
 * that is on or off may be said to be off (`--no-keep-result`), which is what it is anyway.
 */

const switches = [
  'show-trace',
  'keep-result',
  'dry-run',
  'json',
  'upload-secrets',
  'reboot',
  'skip-health-checks',
  'skip-pre-deploy-checks',
];

/** `command`: the words of the command that was found, e.g. `['cache', 'serve']`. */
export function normaliseArguments(args: readonly string[], command: readonly string[]): readonly string[] {
  const wanted = args.filter((arg) => !switches.some((name) => arg === `--no-${name}`));
  const at = wanted.findIndex((arg) => !arg.startsWith('-'));
  if (at <= 0) return wanted;
  return [
    ...wanted.slice(at, at + command.length),
    ...wanted.slice(0, at),
    ...wanted.slice(at + command.length),
  ];
}
