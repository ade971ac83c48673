import { describe, expect, it } from 'vitest';
import { morphCommands } from './morph-commands.ts';
import { morphCompletions } from './morph-completion.ts';

describe('morphCompletions', () => {
  it('knows commands, flags, files and actions', () => {
    expect(morphCompletions([''])).toEqual(['help', ...morphCommands.map(({ name }) => name)]);
    expect(morphCompletions(['dep'])).toContain('deploy');
    expect(morphCompletions(['deploy', '--'])).toEqual(
      expect.arrayContaining(['--on', '--reboot', '--dry-run', '--help']),
    );
    expect(morphCompletions(['--'])).not.toContain('--on');
    expect(morphCompletions(['deploy', ''])).toEqual(['**hint-files**', 'nix']);
    expect(morphCompletions(['deploy', '--on', 'web', '--reboot', 'net.nix', ''])).toEqual([
      'dry-activate',
      'test',
      'switch',
      'boot',
    ]);
    expect(morphCompletions(['build', '--target-file', ''])).toEqual(['**hint-files**', 'nix']);
    expect(morphCompletions(['build', '--on', ''])).toEqual([]);
    expect(morphCompletions(['build', 'net.nix', ''])).toEqual([]);
  });
});
