/** `nix-support/hydra-release-name`: one line of letters, digits and `.@:_-`; undefined for anything else. */

export function parseReleaseName(text: string): string | undefined {
  const name = text.trim();
  return /^[\w.@:-]+$/.test(name) ? name : undefined;
}
