import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseFacts } from './parse-facts.ts';

const system = (letter: string): string => `/nix/store/${letter.repeat(32)}-nixos-system-web01-24.11`;
const bootId = '0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f';

/** What a host says whose answers are `change` over those of one that is well. */
function answer(change: Readonly<Record<string, string | undefined>> = {}, more: readonly string[] = []) {
  const values = { user: 'root', current: system('a'), 'boot-id': bootId, free: '2048', ...change };
  const lines = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [`proteus:${key}=${value}`],
  );
  return parseFacts('web01', ['Welcome to web01!', ...lines, ...more, 'proteus:end']);
}

describe('parseFacts', () => {
  it('reads what a host says', () => {
    const facts = answer(
      {
        booted: system('b'),
        profile: system('a'),
        'generation-link': 'system-12-link',
        'needs-reboot': 'yes',
        systemd: 'yes',
        'units-asked': 'yes',
        sudo: 'yes',
      },
      [
        `proteus:generation=system-9-link 1700000000 ${system('b')}`,
        `proteus:generation=system-12-link 1700000100 ${system('a')}`,
        'proteus:generation=system-1-link 1 /etc/passwd',
        'proteus:failed-unit=nginx.service',
        'proteus:failed-unit=two words',
      ],
    );
    expect(facts).toEqual({
      current: system('a'),
      booted: system('b'),
      profile: system('a'),
      generation: 12,
      generations: [
        { number: 12, path: system('a'), time: 1_700_000_100 },
        { number: 9, path: system('b'), time: 1_700_000_000 },
      ],
      bootId,
      needsReboot: true,
      failedUnits: ['nginx.service'],
      freeBytes: 2 * 1024 * 1024,
      user: 'root',
      hasSystemd: true,
      hasSudo: true,
      activation: undefined,
    });
  });

  it('leaves out what a host does not have', () => {
    expect(answer({ current: '' })).toMatchObject({
      current: undefined,
      booted: undefined,
      profile: undefined,
      generation: undefined,
      generations: [],
      needsReboot: false,
      failedUnits: undefined,
      hasSystemd: false,
    });
    expect(answer({ systemd: 'yes' }).failedUnits).toBeUndefined();
  });

  it.each([
    [{ current: '/etc/shadow' }, 'web01: asked for current, it answered "/etc/shadow"'],
    [{ 'boot-id': '1; rm -rf /' }, 'web01: asked for boot-id, it answered "1; rm -rf /"'],
    [{ user: '' }, 'web01: asked for user, it answered ""'],
    [{ free: '-1' }, 'web01: asked for free, it answered "-1"'],
    [{ free: '9'.repeat(20) }, `web01: asked for free, it answered "${'9'.repeat(20)}"`],
  ])('refuses %j', (change, message) => {
    expect(() => answer(change)).toThrow(expect.objectContaining({ code: 'deploy.host-answer', message }));
  });

  it('refuses an answer that was cut short, and says how it ended', () => {
    expect(() => parseFacts('web01', ['proteus:user=root', 'sh: not found'])).toThrow(
      'web01: asked for how it stands, it answered "proteus:user=root\\nsh: not found"',
    );
  });

  const activation = (rollout: string, state: string, began: number, ...more: string[]): string[] =>
    [`state=${state}`, `rollout=${rollout}`, `began=${began}`, ...more, '.'].map(
      (line) => `proteus:activation=${line}`,
    );

  it('says which activation was the last, or is alive', () => {
    const ended = [
      ...activation('r1', 'kept', 10),
      ...activation('r3', 'rolled-back', 30),
      ...activation('r2', 'kept', 20),
    ];
    expect(answer({}, ended).activation).toEqual({ rollout: 'r3', state: 'rolled-back' });
    expect(answer({}, [...activation('r0', 'confirmed', 1, 'alive=yes'), ...ended]).activation).toEqual({
      rollout: 'r0',
      state: 'confirmed',
    });
    expect(answer({}, activation('../../etc', 'kept', 1)).activation).toBeUndefined();
  });

  it('understands what the script says on this machine', () => {
    const script = join(import.meta.dirname, 'facts.sh');
    for (const shell of [['sh'], ['bash', '--posix']]) {
      const [program = '', ...args] = shell;
      const lines = execFileSync(program, [...args, script], { encoding: 'utf8' }).split('\n');
      expect(parseFacts('here', lines)).toMatchObject({ bootId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    }
  });
});
