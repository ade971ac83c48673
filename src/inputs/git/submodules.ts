/** The submodules that a commit names: from its `.gitmodules`, and from its tree which commit of each is meant. */

import { ask, type Mirror } from './mirror.ts';
import { resolveSubmodule } from './remote.ts';
import { runGit } from './run-git.ts';

export interface Submodule {
  readonly path: string;
  readonly uri: string;
  readonly commit: string;
}

/**
 * In the order of their paths. `uri` is the address of the superproject as it was written, which relative ones are meant
 * from. What has no address, is set to be left alone (`update = none`), or is no submodule in the tree is left out.
 * Throws `input.fetch`.
 */
export async function listSubmodules(
  mirror: Mirror,
  commit: string,
  uri: string,
): Promise<readonly Submodule[]> {
  const gitDir = `--git-dir=${mirror.folder}`;
  const file = `${commit}:.gitmodules`;
  const { ok: isThere } = await runGit([gitDir, 'cat-file', '-e', file], mirror.context);
  if (!isThere) return [];
  const sections = parseGitmodules(await ask(mirror, ['config', '--blob', file, '--null', '--list']));
  const wanted = sections.filter(
    ({ path, url, update }) => path !== undefined && url !== undefined && update !== 'none',
  );
  if (wanted.length === 0) return [];
  const paths = wanted.map(({ path = '' }) => path);
  const commits = parseTree(await ask(mirror, ['ls-tree', '-z', '--full-tree', commit, '--', ...paths]));
  return wanted
    .flatMap(({ path = '', url = '' }) => {
      const at = commits.get(path);
      return at === undefined ? [] : [{ path, uri: resolveSubmodule(uri, url), commit: at }];
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

interface Section {
  path?: string;
  url?: string;
  update?: string;
}

/** `submodule.NAME.KEY`, a line end, the value, NUL; names can have dots and the last value of a key counts. */
export function parseGitmodules(text: string): readonly Section[] {
  const sections = new Map<string, Section>();
  for (const entry of text.split('\0')) {
    const [, name, key, value] = /^submodule\.([^\n]+)\.(path|url|update)\n([\s\S]*)$/.exec(entry) ?? [];
    if (name === undefined || key === undefined || value === undefined) continue;
    sections.set(name, { ...sections.get(name), [key]: value });
  }
  return [...sections.values()];
}

/** `MODE TYPE HASH<tab>PATH`, NUL: the commits by path. */
export function parseTree(text: string): ReadonlyMap<string, string> {
  const found = text.split('\0').flatMap((entry): [string, string][] => {
    const [, hash, path] = /^160000 commit ([0-9a-f]{40})\t([\s\S]+)$/.exec(entry) ?? [];
    return hash === undefined || path === undefined ? [] : [[path, hash]];
  });
  return new Map(found);
}
