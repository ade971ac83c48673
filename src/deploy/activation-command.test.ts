import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../nix/store-path.ts';
import { activationCommands } from './activation-command.ts';
import { switchActions } from './deploy-plan.ts';

const hash = 'a'.repeat(32);
const toplevel = parseStorePath(`/nix/store/${hash}-nixos-system-web-25.05`);
const joined = (asRoot: boolean, action: (typeof switchActions)[number]) => {
  const { setProfile, activate } = activationCommands(toplevel, action, asRoot);
  return [setProfile?.join(' '), activate.join(' ')];
};

describe('activationCommands', () => {
  it.each(switchActions)('%s as root', (action) => {
    const profile = `nix-env --profile /nix/var/nix/profiles/system --set ${toplevel}`;
    expect(joined(true, action)).toEqual([
      action === 'switch' || action === 'boot' ? profile : undefined,
      `${toplevel}/bin/switch-to-configuration ${action}`,
    ]);
  });

  it("uses sudo in Morph's form for any other login", () => {
    expect(joined(false, 'switch')).toEqual([
      `sudo -n -p '' -k -- nix-env --profile /nix/var/nix/profiles/system --set ${toplevel}`,
      `sudo -n -p '' -k -- ${toplevel}/bin/switch-to-configuration switch`,
    ]);
  });

  it('quotes the one character of a store path that a shell looks at', () => {
    const odd = parseStorePath(`/nix/store/${hash}-what?`);
    expect(activationCommands(odd, 'test', true).activate).toEqual([
      `'${odd}'/bin/switch-to-configuration`,
      'test',
    ]);
  });
});
