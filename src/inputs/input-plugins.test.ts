import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findInputPlugin, inputPlugins, inputTypes } from './input-plugins.ts';

describe('the plug-ins', () => {
  it('are the folders of this room', () => {
    const folders = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );

    expect(inputPlugins.map(({ type }) => type).sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  it('are found by their type', () => {
    expect(findInputPlugin('git')?.title).toBe('Git checkout');
    expect(findInputPlugin('cvs')).toBeUndefined();
    expect(inputTypes).toContain('boolean, build');
  });
});
