/** The page that tells how to use the cache: plain HTML to copy from, without anything from elsewhere. Pure. */

import { escapeHtml } from '../../util/escape-html.ts';
import type { TrustDescription } from '../describe-trust.ts';

export function renderTrustPage({ url, nixConf, nixos, proof, path }: TrustDescription): string {
  const title = `How to use ${escapeHtml(url)}`;
  const sections = [
    section('In /etc/nix/nix.conf, then restart nix-daemon', nixConf),
    section('Or in a NixOS configuration', nixos),
    section('To prove it on that machine', [proof]),
  ];
  const placeholder = path === undefined ? '<p>PATH is any store path that the cache has.</p>\n' : '';
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>
<style>body{font-family:sans-serif;margin:2em auto;max-width:60em;padding:0 1em}pre{background:#eee;color:#111;padding:1em;overflow-x:auto;user-select:all}</style></head>
<body>
<h1>${title}</h1>
<p>This is a binary cache of Nix. All that it serves is signed; a client that trusts its keys takes what it has.</p>
${sections.join('')}${placeholder}<p>If the proof fails, <code>proteus doctor --cache ${escapeHtml(url)}</code> says why.</p>
</body>
</html>
`;
}

function section(heading: string, lines: readonly string[]): string {
  return `<h2>${escapeHtml(heading)}</h2>\n<pre>${escapeHtml(lines.join('\n'))}</pre>\n`;
}
