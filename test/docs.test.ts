/** The pages that are made from the source are the ones that were committed, and what they name exists. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { commandTable } from '../src/cli/command-table.ts';
import { renderConfigurationReference } from './helpers/render-configuration-reference.ts';
import { renderErrorReference } from './helpers/render-error-reference.ts';

const repository = path.join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(repository, file), 'utf8');

it('docs/reference/errors.md is the catalogue (run npm run docs)', () => {
  expect(read('docs/reference/errors.md')).toBe(renderErrorReference());
});

it('docs/reference/configuration.md is the schema (run npm run docs)', () => {
  expect(read('docs/reference/configuration.md')).toBe(renderConfigurationReference());
});

it('the README, or the page on servers, caches, Morph or rollouts names every command', () => {
  const pages = ['README.md', 'docs/server.md', 'docs/caches.md', 'docs/morph.md', 'docs/rollouts.md'];
  const readme = pages.map(read).join('');

  expect(
    commandTable.filter(({ words }) => !readme.includes(`proteus ${words}`)).map(({ words }) => words),
  ).toEqual([]);
});

it.each([
  'README.md',
  'docs/architecture.md',
  'docs/decisions.md',
  'docs/server.md',
  'docs/caches.md',
  'docs/morph.md',
  'docs/rollouts.md',
])('%s links only to files that exist', (file) => {
  const links = [...read(file).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map((match) => match[1] ?? '');
  const missing = links.filter((link) => !existsSync(path.join(repository, path.dirname(file), link)));

  expect(missing).toEqual([]);
});
