/**
 * A plain page for data: what the JSON of an address says, readable, with links. Objects become definition lists,
 * lists of objects tables. Nothing of what is shown is ever markup.
 */

import { escapeHtml } from '../../util/escape-html.ts';

export interface PageLink {
  readonly text: string;
  readonly href: string;
}

export interface Page {
  readonly title: string;
  readonly data: unknown;
  readonly links?: readonly PageLink[] | undefined;
}

/** What keys of our JSON refer to. */
const addresses: Readonly<Record<string, string>> = {
  project: '/project/',
  builds: '/build/',
  build: '/build/',
  jobsetevals: '/eval/',
  dependency: '/build/',
};

export function renderPage({ title, data, links = [] }: Page): string {
  const navigation = [{ text: 'Projects', href: '/' }, ...links].map(
    ({ text, href }) => `<li>${renderLink(text, href)}</li>`,
  );
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title></head>
<body>
<nav><ul>${navigation.join('')}</ul></nav>
<main><h1>${escapeHtml(title)}</h1>
${renderValue(data, '')}
</main>
</body>
</html>
`;
}

function renderValue(value: unknown, key: string): string {
  if (value === null || value === undefined || value === '') return '–';
  if (Array.isArray(value)) return renderList(value, key);
  if (typeof value === 'object') {
    const rows = Object.entries(value).map(
      ([name, part]) => `<dt>${escapeHtml(name)}</dt><dd>${renderValue(part, name)}</dd>`,
    );
    return rows.length === 0 ? '–' : `<dl>${rows.join('')}</dl>`;
  }
  const text = `${value as string | number | boolean}`; // all that JSON has left
  const address = addresses[key];
  if (address !== undefined) return renderLink(text, address + encodeURIComponent(text));
  if (/^https?:\/\/[^\s"<>]+$/.test(text)) return renderLink(text, text);
  return text.includes('\n') ? `<pre>${escapeHtml(text)}</pre>` : escapeHtml(text);
}

function renderList(list: readonly unknown[], key: string): string {
  if (list.length === 0) return 'none';
  const rows = list.filter(isObject);
  if (rows.length === list.length) {
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const head = columns.map((column) => `<th scope="col">${escapeHtml(column)}</th>`).join('');
    const lines = rows.map(
      (row) => `<tr>${columns.map((column) => `<td>${renderValue(row[column], column)}</td>`).join('')}</tr>`,
    );
    return `<table><thead><tr>${head}</tr></thead><tbody>\n${lines.join('\n')}\n</tbody></table>`;
  }
  return `<ul>${list.map((item) => `<li>${renderValue(item, key)}</li>`).join('')}</ul>`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function renderLink(text: string, href: string): string {
  return `<a href="${escapeHtml(href)}" rel="noreferrer">${escapeHtml(text)}</a>`;
}
