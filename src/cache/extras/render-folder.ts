/** A folder of the store as a page: plain HTML, without anything from elsewhere. Nothing that is shown is markup. Pure. */

import { escapeHtml } from '../../util/escape-html.ts';
import type { FolderEntry } from './folder-entry.ts';

/** `hasParent`: it is inside a store path, not the path itself. */
export function renderFolder(path: string, entries: readonly FolderEntry[], hasParent: boolean): string {
  const title = escapeHtml(path.toWellFormed());
  const rows = entries.map((entry) => {
    const slash = entry.type === 'directory' ? '/' : '';
    const name = `<a href="./${encodeName(entry.bytes)}${slash}">${escapeHtml(entry.name.toWellFormed())}${slash}</a>`;
    return `<tr><td>${name}</td><td>${describe(entry)}</td></tr>`;
  });
  const up = hasParent ? '<tr><td><a href="../">../</a></td><td></td></tr>\n' : '';
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title>
<style>body{font-family:monospace;margin:1.5em}td{padding:0 2em 0 0}</style></head>
<body><h1>${title}</h1>
<table>
${up}${rows.join('\n')}
</table>
</body>
</html>
`;
}

function describe({ type, size, executable, target }: FolderEntry): string {
  if (type === 'directory') return '';
  if (type === 'symlink') return `→ ${escapeHtml((target ?? '').toWellFormed())}`;
  return `${size}${executable ? ' executable' : ''}`;
}

/** Every byte but the plainest, so that no name can be taken for another part of a URL. */
function encodeName(name: Buffer): string {
  return [...name]
    .map((byte) => {
      const text = String.fromCharCode(byte);
      return /[0-9A-Za-z._-]/.test(text) ? text : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`;
    })
    .join('');
}
