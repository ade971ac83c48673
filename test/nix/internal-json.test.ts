import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { activityResult, activityType } from '../../src/nix/activity.ts';
import { parseInternalJsonLine } from '../../src/nix/internal-json.ts';
import { stripAnsi } from '../../src/nix/strip-ansi.ts';

/** Every line of the log of a `nix-build` of the expression. */
function logOf(expression: string): readonly string[] {
  const args = ['--log-format', 'internal-json', '-v', '--no-out-link', '--expr', expression];
  const { stderr } = spawnSync('nix-build', args, { encoding: 'utf8' });
  return stderr.trimEnd().split('\n');
}

const build = (script: string): string =>
  `derivation { name = "x"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" ''${script}'' ]; }`;

describe('the log of a real build', () => {
  it('is read line by line', () => {
    const lines = logOf(build(String.raw`echo "hello \"quoted\" id: 1"; echo x > $out`));
    const events = lines.map(parseInternalJsonLine);
    expect(events).not.toContain(undefined);
    const started = events.find((event) => event?.action === 'start' && event.type === activityType.build);
    expect(started).toMatchObject({ id: expect.stringMatching(/^[0-9]+$/), fields: expect.any(Array) });
    const id = started?.action === 'start' ? started.id : '';
    expect(events).toContainEqual({
      action: 'result',
      id,
      type: activityResult.buildLogLine,
      fields: ['hello "quoted" id: 1'],
    });
    expect(events).toContainEqual({ action: 'stop', id });
    // No digit was lost: the same numbers stand in the text.
    expect(lines.some((line) => line.includes(`"id":${id},`))).toBe(true);
  });

  it('tells errors with their message', () => {
    const events = logOf('throw "no such thing"').map(parseInternalJsonLine);
    const errors = events.filter((event) => event?.action === 'msg' && event.level === 0);
    expect(errors).toHaveLength(1);
    const [error] = errors;
    expect(error?.action === 'msg' && stripAnsi(error.msg)).toContain('no such thing');
  });
});
