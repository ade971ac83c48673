/**
 * Which names and link targets a NAR may hold. Nix writes nothing else, and whoever unpacks an archive must not be
 * led outside of it. Source: libutil/archive.cc (checks of Nix 2.35), Linux's NAME_MAX and PATH_MAX.
 */

/** Longest name of a directory entry, in bytes. */
export const maxNarName = 255;

/** Longest target of a symlink, in bytes. */
export const maxNarTarget = 4095;

/** Why the bytes cannot be the name of a directory entry; undefined when they can. */
export function narNameProblem(name: Uint8Array): string | undefined {
  if (name.length === 0) return 'a name is empty';
  if (name.length > maxNarName) return `a name has ${name.length} bytes, more than ${maxNarName}`;
  if (name.includes(0x2f)) return 'a name has a slash';
  if (name.includes(0)) return 'a name has a NUL byte';
  if (name.every((byte) => byte === 0x2e) && name.length <= 2) return 'a name is "." or ".."';
  return undefined;
}

/** Why the bytes cannot be the target of a symlink; undefined when they can. */
export function narTargetProblem(target: Uint8Array): string | undefined {
  if (target.length === 0) return 'the target of a symlink is empty';
  if (target.length > maxNarTarget) {
    return `the target of a symlink has ${target.length} bytes, more than ${maxNarTarget}`;
  }
  return target.includes(0) ? 'the target of a symlink has a NUL byte' : undefined;
}
