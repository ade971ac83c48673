import { describe, expect, it } from 'vitest';
import { startProcess } from '../../src/process/start-process.ts';
import { PeakMemory, startsWith } from './peak-memory.ts';

const mebibyte = 2 ** 20;
/** A child that holds this much, gives it back, and tells when. */
const program = (size: number): string =>
  `let held = Buffer.alloc(${size}, 1); held = null; gc(); process.stdout.write('done'); setInterval(() => {}, 1000)`;

async function childThatHeld(size: number) {
  const child = await startProcess([process.execPath, '--expose-gc', '-e', program(size)]);
  for await (const _ of child.stdout) break;
  return child;
}

describe('PeakMemory', () => {
  it('knows what a child once held, though it does no more', async () => {
    await using _child = await childThatHeld(300 * mebibyte);
    using memory = new PeakMemory(startsWith('node', '--expose-gc'));

    await memory.sample();

    expect(memory.sum).toBeGreaterThan(300 * mebibyte);
    expect(memory.processes).toBe(1);
  });

  it('adds up children, those that are gone included', async () => {
    using memory = new PeakMemory(startsWith('node', '--expose-gc'));
    {
      await using _first = await childThatHeld(200 * mebibyte);
      await memory.sample();
    }
    await using _second = await childThatHeld(200 * mebibyte);

    await memory.sample();

    expect(memory.sum).toBeGreaterThan(400 * mebibyte);
    expect(memory.processes).toBe(2);
  });

  it('leaves out other children', async () => {
    await using _child = await childThatHeld(mebibyte);
    using memory = new PeakMemory(startsWith('node', '--version'));

    await memory.sample();

    expect(memory).toMatchObject({ sum: 0, processes: 0 });
  });
});

describe('startsWith', () => {
  it.each([
    [['/usr/bin/nix', 'repl', '--option'], true],
    [['nix', 'repl'], true],
    [['nix', '--version'], false],
    [['setpriv', 'nix', 'repl'], false],
    [[], false],
  ])('%j: %s', (argv, expected) => {
    expect(startsWith('nix', 'repl')(argv)).toBe(expected);
  });
});
