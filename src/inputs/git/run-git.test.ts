import { describe, expect, it } from 'vitest';
import { parseRemote } from './remote.ts';
import { gitVariables } from './run-git.ts';

/** The configuration that git reads from its environment. */
function configured(variables: Record<string, string>): [string, string][] {
  return Array.from({ length: Number(variables.GIT_CONFIG_COUNT) }, (_, at) => [
    variables[`GIT_CONFIG_KEY_${at}`] ?? '',
    variables[`GIT_CONFIG_VALUE_${at}`] ?? '',
  ]);
}

describe('gitVariables', () => {
  it('never lets git ask, nor run hooks, nor speak other protocols', () => {
    const variables = gitVariables({ env: {} });

    expect(variables).toMatchObject({
      GIT_TERMINAL_PROMPT: '0',
      SSH_ASKPASS_REQUIRE: 'never',
      GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
    });
    expect(configured(variables)).toContainEqual(['core.hooksPath', '/dev/null']);
    expect(configured(variables)).toContainEqual(['core.fsmonitor', 'false']);
    expect(variables).not.toHaveProperty('GIT_SSH_COMMAND');
  });

  it('says user and password for the host of the address only', () => {
    const remote = parseRemote('https://me:secret@example.org:1/a');
    const variables = gitVariables({ env: {}, remote });

    const credentials = configured(variables).filter(([key]) => key.startsWith('credential.'));
    expect(credentials).toEqual([
      ['credential.https://example.org:1.username', 'me'],
      ['credential.https://example.org:1.helper', ''],
      ['credential.https://example.org:1.helper', expect.stringContaining('$PROTEUS_PASSWORD')],
    ]);
    expect(variables).toMatchObject({ PROTEUS_USER: 'me', PROTEUS_PASSWORD: 'secret' });
    expect(JSON.stringify(credentials)).not.toContain('secret');
  });

  it('leaves the helpers that are configured when there is no password', () => {
    const variables = gitVariables({ env: {}, remote: parseRemote('https://me@example.org/a') });

    expect(configured(variables).filter(([key]) => key.startsWith('credential.'))).toEqual([
      ['credential.https://example.org.username', 'me'],
    ]);
  });

  it('uses the key that is named, and it alone, over the ssh that is configured', () => {
    expect(gitVariables({ env: {}, sshKey: "/k'ey" }).GIT_SSH_COMMAND).toBe(
      `ssh -i '/k'\\''ey' -o IdentitiesOnly=yes -o BatchMode=yes`,
    );
    const env = { GIT_SSH_COMMAND: 'ssh -F /c' };
    expect(gitVariables({ env }).GIT_SSH_COMMAND).toBe('ssh -F /c -o BatchMode=yes');
    expect(gitVariables({ env, sshKey: '/k' }).GIT_SSH_COMMAND).toBe(
      'ssh -F /c -i /k -o IdentitiesOnly=yes -o BatchMode=yes',
    );
  });
});
