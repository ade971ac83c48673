import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readScript } from './read-script.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'script-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function shellOf(content: string): Promise<string> {
  const file = path.join(folder, 'script');
  await writeFile(file, content);
  return (await readScript(file)).shell;
}

describe('readScript', () => {
  it.each([
    ['id\n', 'sh'],
    ['', 'sh'],
    ['#!/bin/sh\n', 'sh'],
    ['#! /usr/bin/env bash\n', 'bash'],
    ['#!/run/current-system/sw/bin/bash -e\n', 'bash'],
  ])('%j is for %s', async (content, shell) => {
    expect(await shellOf(content)).toBe(shell);
  });

  it('refuses scripts that are for no shell', async () => {
    await expect(shellOf('#!/usr/bin/env python3\n')).rejects.toThrow('is a script for python3');
    await expect(readScript(path.join(folder, 'none'))).rejects.toThrow('cannot read the script');
  });
});
