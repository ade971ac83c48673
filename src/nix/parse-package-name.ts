/**
 * The name and the version that a store path tells, split as `builtins.parseDrvName` does: the version begins after the
 * first dash that no letter follows. The output that nixpkgs puts at the end of a name is taken off.
 */

export interface PackageName {
  readonly name: string;
  /** `''` when it tells none. */
  readonly version: string;
}

const outputs = /-(?:bin|dev|devdoc|doc|debug|info|lib|man|out|static)$/;

/** `text`: the name of a store path, without its hash. */
export function parsePackageName(text: string): PackageName {
  const whole = text.replace(outputs, '');
  const [, name = whole, version = ''] = /^(.*?)-([^A-Za-z].*)$/s.exec(whole) ?? [];
  return { name, version };
}
