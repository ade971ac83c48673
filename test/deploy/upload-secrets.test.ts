import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSecretMemory, type SecretMemory } from '../../src/deploy/secrets/secret-memory.ts';
import { secretId } from '../../src/deploy/secrets/secret-scripts.ts';
import { type UploadRequest, uploadSecrets } from '../../src/deploy/secrets/upload-secrets.ts';
import type { HostSession, RunOnHostOptions } from '../../src/deploy/session/host-session.ts';
import { openHostSession } from '../../src/deploy/session/open-host-session.ts';
import { plannedHost } from '../../src/deploy/testing/plan-of.ts';
import { secretOf } from '../../src/deploy/testing/secret-of.ts';
import type { SecretSpec } from '../../src/network/network.ts';
import { parseStorePath } from '../../src/nix/store-path.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';

const toplevel = parseStorePath('/nix/store/00000000000000000000000000000000-none');
let lab: Lab;
let host: LabHost;
let session: HostSession;
let memory: SecretMemory;
let lines: string[];

beforeAll(async () => {
  lab = await createLab();
  host = await lab.addHost('web01');
  const { target, settings } = host.ssh;
  session = await openHostSession({ name: host.name, target }, { ssh: settings, signal: quiet.signal });
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});
beforeEach(() => {
  memory = createSecretMemory();
  lines = [];
});
afterEach(async () => {
  await memory[Symbol.asyncDispose]();
  await host.exec('rm -rf /var/secrets /var/lib/proteus /tmp/*');
});

const quiet = { signal: new AbortController().signal, onLine: (line: string) => lines.push(line) };

function upload(
  secrets: Readonly<Record<string, SecretSpec>>,
  request: Partial<UploadRequest> = {},
  through = session,
) {
  const planned = plannedHost({ name: 'web01', target: host.ssh.target, toplevel, secrets });
  return uploadSecrets(through, planned, { phase: 'all', memory, ...request }, quiet);
}

const sh = async (command: string): Promise<string> => (await host.exec(command)).stdout.trim();
const secret = (change: Partial<SecretSpec> = {}): SecretSpec =>
  secretOf({ text: 'pw', destination: '/var/secrets/deep/pw', ...change });

describe('uploadSecrets', () => {
  it('puts them in place, with folder, owner and mode', async () => {
    const binary = {
      text: undefined,
      command: ['printf', '\\000\\377\\n'],
      destination: "/var/secrets/it's $HOME",
    };
    const result = await upload({
      a: secret({ owner: { user: 'nobody', group: 'nogroup' }, permissions: '0440' }),
      b: secret(binary),
      empty: secret({ text: '', destination: '/var/secrets/empty' }),
    });
    expect(result).toEqual({ uploaded: ['a', 'b', 'empty'], unchanged: [], partial: [] });
    expect(await sh('stat -c "%U:%G %a %n" /var/secrets/deep /var/secrets/deep/pw')).toBe(
      'root:root 755 /var/secrets/deep\nnobody:nogroup 440 /var/secrets/deep/pw',
    );
    expect(await sh('cat /var/secrets/deep/pw')).toBe('pw');
    expect(await readFile(host.path("/var/secrets/it's $HOME"))).toEqual(Buffer.from([0, 255, 10]));
    expect(await sh("stat -c '%U %a %s' /var/secrets/empty")).toBe('root 400 0');
    expect(await sh('find /var/secrets -name ".proteus*"')).toBe('');
    expect(await sh('stat -c "%U %a" /var/lib/proteus/secrets')).toBe('root 700');
    expect(lines).toContain('secret a: uploaded 2 B');
  });

  it('leaves alone what is the same, and notices what was changed by hand', async () => {
    const secrets = {
      a: secret({ action: ['echo a >>', '/tmp/acted'] }),
      b: secret({ destination: '/var/secrets/b', text: 'other' }),
    };
    await upload(secrets);
    const before = await sh('stat -c "%i %Y" /var/secrets/*');
    expect(await upload(secrets)).toEqual({ uploaded: [], unchanged: ['a', 'b'], partial: [] });
    expect(await sh('stat -c "%i %Y" /var/secrets/*')).toBe(before);
    expect(await sh('cat /tmp/acted')).toBe('a');
    await host.exec('echo px > /var/secrets/deep/pw; chmod 444 /var/secrets/b');
    expect(await upload(secrets)).toMatchObject({ uploaded: ['a', 'b'] });
    expect(await sh('cat /var/secrets/deep/pw; stat -c %a /var/secrets/b; cat /tmp/acted')).toBe(
      'pw400\na\na',
    );
    expect(await upload(secrets, { force: true })).toMatchObject({ uploaded: ['a', 'b'] });
  });

  it('runs each distinct action once, after all, and again until it succeeds', async () => {
    const action = ['ls /var/secrets >> /tmp/seen;', '[ -e /tmp/ready ]'];
    const secrets = {
      a: secret({ destination: '/var/secrets/a', action }),
      b: secret({ destination: '/var/secrets/b', action }),
    };
    const failed = [`the action ${JSON.stringify(action.join(' '))} ended with exit code 1`];
    expect(await upload(secrets)).toEqual({ uploaded: ['a', 'b'], unchanged: [], partial: failed });
    expect(await sh('cat /tmp/seen')).toBe('a\nb');
    await host.exec('touch /tmp/ready');
    expect(await upload(secrets)).toEqual({ uploaded: [], unchanged: ['a', 'b'], partial: [] });
    expect(await upload(secrets)).toEqual({ uploaded: [], unchanged: ['a', 'b'], partial: [] });
    expect(await sh('cat /tmp/seen')).toBe('a\nb\na\nb');
  });

  it('uploads by phase, and finishes after the activation what had no owner before', async () => {
    const secrets = {
      before: secret({
        owner: { user: 'app', group: 'root' },
        action: ['cat /var/secrets/deep/pw >> /tmp/acted'],
      }),
      after: secret({ destination: '/var/secrets/after', uploadAt: 'post-activation' }),
    };
    expect(await upload(secrets, { phase: 'pre-activation' })).toEqual({
      uploaded: ['before'],
      unchanged: [],
      partial: [],
    });
    expect(await sh('ls /tmp; stat -c "%U %a" /var/secrets/*/*')).toBe('root 400');
    expect(await upload(secrets, { phase: 'post-activation' })).toEqual({
      uploaded: ['before', 'after'],
      unchanged: [],
      partial: ['before belongs to root: the host has no user app or no group root'],
    });
    await host.exec('echo app:x:200:0::/:/bin/sh >> /etc/passwd');
    expect(await upload(secrets, { phase: 'post-activation' })).toEqual({
      uploaded: ['before'],
      unchanged: ['after'],
      partial: [],
    });
    expect(await sh('stat -c "%U %a" /var/secrets/deep/pw; cat /tmp/acted')).toBe('app 400\npwpw');
  });

  it('removes on request what was uploaded once and is gone, and nothing else', async () => {
    const kept = secret({ destination: '/var/secrets/kept' });
    await upload({ gone: secret(), kept });
    await host.exec('echo mine > /var/secrets/mine');
    await upload({ kept });
    expect(await sh('ls /var/secrets /var/secrets/deep')).toContain('pw');
    await upload({ kept }, { removeGone: true, phase: 'pre-activation' });
    expect(await sh('cat /var/secrets/deep/pw')).toBe('pw');
    await upload({ kept }, { removeGone: true });
    expect(await sh('cd /var/secrets; find . -type f | sort')).toBe('./kept\n./mine');
    expect(lines).toContain('secret removed: /var/secrets/deep/pw');
    expect(await sh('ls /var/lib/proteus/secrets')).toBe(secretId('/var/secrets/kept'));
  });

  it('says what was in the way, and leaves what was there', async () => {
    await host.exec('mkdir -p /var/secrets/folder');
    await expect(upload({ a: secret({ destination: '/var/secrets/folder' }) })).rejects.toMatchObject({
      code: 'deploy.secret-failed',
      message: 'secrets of web01: a: /var/secrets/folder is a folder',
    });
    await expect(upload({ a: secret({ destination: '/var/none/x', mkDirs: false }) })).rejects.toThrow(
      'the folder /var/none is not there, and mkDirs is false',
    );
    expect((await upload({ a: secret({ permissions: 'zzz' }) })).partial).toEqual([
      'a can be read by root only: chmod does not take "zzz"',
    ]);
    expect(await sh('stat -c %a /var/secrets/deep/pw')).toBe('400');
    await expect(upload({ a: secret({ text: undefined, source: '/none' }) })).rejects.toMatchObject({
      code: 'deploy.secret-source',
    });
  });
});

describe('an upload that is interrupted', () => {
  /** Ends the connection in the middle of what is written to the host. */
  function cutShort(): HostSession {
    return {
      ...session,
      async run(words, options: RunOnHostOptions) {
        if (!words.join(' ').includes('head -c')) return session.run(words, options);
        const half = async function* () {
          yield Buffer.alloc(100_000, 'n');
          await expect.poll(() => sh('find /var/secrets -name ".proteus*"')).not.toBe('');
          throw new Error('the connection was cut');
        };
        return session.run(words, { ...options, stdin: half() });
      },
    };
  }

  it('never leaves part of a secret, and the next one clears up', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'secrets-'));
    try {
      const source = join(folder, 'large');
      await writeFile(source, Buffer.alloc(300_000, 'n'));
      const large = secret({ text: undefined, source });
      await upload({ a: secret() });
      await expect(upload({ a: large }, {}, cutShort())).rejects.toMatchObject({
        code: 'deploy.secret-failed',
      });
      await expect.poll(() => sh('find /var/secrets -name ".proteus*"')).toBe('');
      expect(await sh('cat /var/secrets/deep/pw')).toBe('pw');
      // One that was killed outright could not clear up.
      await host.exec(`echo half > /var/secrets/deep/.proteus-${secretId('/var/secrets/deep/pw')}`);
      expect(await upload({ a: secret() })).toMatchObject({ unchanged: ['a'] });
      expect(await sh('ls -A /var/secrets/deep')).toBe('pw');
      expect(await upload({ a: large })).toMatchObject({ uploaded: ['a'] });
      expect(await sh('stat -c %s /var/secrets/deep/pw')).toBe('300000');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('shows no content on a command line, in a line of output, or to others', async () => {
    const commands: string[] = [];
    const watched: HostSession = {
      ...session,
      run: (words, options) => {
        commands.push(words.join(' '));
        return session.run(words, options);
      },
    };
    await upload({ a: secret({ text: 'hunter2' }) }, {}, watched);
    expect(await sh('cat /var/secrets/deep/pw')).toBe('hunter2');
    expect([...commands, ...lines].join('\n')).not.toContain('hunter2');
    expect(await sh('grep -r hunter2 /nix/store /var/lib /var/log /tmp /root || true')).toBe('');
  });
});
