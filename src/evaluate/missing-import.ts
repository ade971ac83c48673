/**
 * What an evaluation lacked when it wanted to read the output of a derivation that is not built ("import from
 * derivation"). Nix says so in one of three ways:
 *
 * - where that is not allowed: `cannot build '….drv' during evaluation because the option …` (2.26: `….drv^out`);
 * - where it is, but nothing may be built: `unable to start any build; …`, with the output in the frame
 *   `while realising the context of path '…'` or `while adding path '…'`;
 * - from 2.30 or so on then also: `Cannot build '….drv'`, for what was wanted and for what that needs.
 *
 * And where somebody else is building it, or something that it needs: `waiting for lock on '…'`, with its outputs.
 *
 * Sources: libexpr/primops.cc (`realiseContext`, `realisePath`), libstore/build/worker.cc.
 */

import { isStorePath, type StorePath } from '../nix/store-path.ts';

export type MissingImport =
  | { readonly allowed: false; readonly drvPath: StorePath }
  /** At least one is known, the output more surely. */
  | {
      readonly allowed: true;
      readonly output: StorePath | undefined;
      readonly drvPath: StorePath | undefined;
    };

const drv = String.raw`'(?<path>/nix/store/[^'^!]+\.drv)[^']*'`;
const notAllowed = new RegExp(
  `cannot build ${drv} during evaluation because the option 'allow-import-from-derivation' is disabled`,
);
const notBuilt = new RegExp(`Cannot build ${drv}`, 'g');
const locked = /waiting for lock on '(?<path>\/nix\/store\/[^/']+)'/;
const frame = /… while (?:realising the context of path|adding path) '(?<path>\/nix\/store\/[^/']+)/g;

/** Undefined when the text, which is what Nix printed of an error, is about something else. */
export function missingImport(text: string): MissingImport | undefined {
  const refused = storePath(notAllowed.exec(text));
  if (refused !== undefined) return { allowed: false, drvPath: refused };
  const awaited = storePath(locked.exec(text));
  if (awaited !== undefined) return { allowed: true, output: awaited, drvPath: undefined };
  if (!/unable to start any build|Cannot build '/i.test(text)) return undefined;
  const output = storePath([...text.matchAll(frame)].at(-1));
  const drvPath = storePath([...text.matchAll(notBuilt)].at(-1));
  return output === undefined && drvPath === undefined ? undefined : { allowed: true, output, drvPath };
}

function storePath(match: RegExpMatchArray | null | undefined): StorePath | undefined {
  const path = match?.groups?.path;
  return path !== undefined && isStorePath(path) ? path : undefined;
}
