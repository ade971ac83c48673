import { describe, expect, it } from 'vitest';
import { morphCommands } from './morph-commands.ts';
import { morphUsage } from './morph-usage.ts';

describe('morphUsage', () => {
  it('shows every command, in lines that fit', () => {
    const text = morphUsage(undefined);

    for (const { name } of morphCommands) expect(text).toContain(`\n  ${name} `);
    for (const command of [undefined, ...morphCommands]) {
      for (const line of morphUsage(command, { long: true }).split('\n'))
        expect(line.length).toBeLessThan(81);
    }
  });

  it('shows the flags and arguments of a command', () => {
    const text = morphUsage(morphCommands.find(({ name }) => name === 'exec'));

    expect(text).toMatch(/^usage: morph exec \[<flags>\] <deployment> <command>\.\.\.\n/);
    expect(text).toMatch(/\n {2}--on="\*" {2,}Only hosts/);
    expect(text).toMatch(/\n {2}<command> {2,}\S/);
  });
});
