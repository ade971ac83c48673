import { describe, expect, it } from 'vitest';
import { type Machine, parseMachines } from './machines-file.ts';

const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGkTgRjEPQ nix@arm1';
const options = { defaultSystem: 'x86_64-linux' };
const one = (text: string): Machine => {
  const machines = parseMachines(text, options);
  expect(machines).toHaveLength(1);
  return machines[0]!;
};

describe('parseMachines', () => {
  it('reads all eight columns', () => {
    const encoded = Buffer.from(`${hostKey}\n`).toString('base64');
    expect(
      one(
        `ssh-ng://nix@arm1\taarch64-linux,armv7l-linux /root/.ssh/b 8 2.5 kvm,nixos-test  benchmark ${encoded}`,
      ),
    ).toEqual({
      storeUri: 'ssh-ng://nix@arm1',
      systems: ['aarch64-linux', 'armv7l-linux'],
      sshKey: '/root/.ssh/b',
      maxJobs: 8,
      speedFactor: 2.5,
      supportedFeatures: ['kvm', 'nixos-test'],
      mandatoryFeatures: ['benchmark'],
      hostPublicKey: hostKey,
    });
  });

  it.each(['ssh://a', 'ssh://a -', 'ssh://a - - - - - - -'])('has defaults: %s', (text) => {
    expect(one(text)).toEqual({
      storeUri: 'ssh://a',
      systems: ['x86_64-linux'],
      sshKey: undefined,
      maxJobs: 1,
      speedFactor: 1,
      supportedFeatures: [],
      mandatoryFeatures: [],
      hostPublicKey: undefined,
    });
  });

  it.each([
    ['arm1', 'ssh://arm1'],
    ['nix@arm1', 'ssh://nix@arm1'],
    ['arm1?compress=true', 'ssh://arm1?compress=true'],
    ['ssh-ng://arm1', 'ssh-ng://arm1'],
    ['/mnt', '/mnt'],
    ['daemon', 'daemon'],
    ['auto', 'auto'],
    ['local?root=x', 'local?root=x'],
    ['localhost', 'ssh://localhost'],
  ])('takes %s for %s', (word, uri) => {
    expect(one(word).storeUri).toBe(uri);
  });

  it('takes a speed factor of 0 for 1', () => {
    expect(one('a - - - 0').speedFactor).toBe(1);
    expect(one('a - - - .5').speedFactor).toBe(0.5);
  });

  it('reads a host key without padding, and words after the last column', () => {
    const encoded = Buffer.from(hostKey).toString('base64').replace(/=+$/, '');
    expect(one(`a - - - - - - ${encoded} more words`).hostPublicKey).toBe(hostKey);
  });

  it('separates machines by lines and semicolons, and skips comments to the end of the line', () => {
    const text = '# none; here\n\n a ; b x86_64-linux # c;d\n;;\n\te#f\r\n';
    expect(parseMachines(text, options).map((machine) => machine.storeUri)).toEqual([
      'ssh://a',
      'ssh://b',
      'ssh://e',
    ]);
  });

  it('is empty for an empty text', () => {
    expect(parseMachines('', options)).toEqual([]);
  });

  it('includes files, and skips those that do not exist', () => {
    const files = new Map([
      ['/etc/nix/machines', 'b\n@ /more\nc'],
      ['/more', 'd;e'],
    ]);
    const machines = parseMachines('a;@/etc/nix/machines\n@/absent\nf', {
      ...options,
      include: (file) => files.get(file),
    });
    expect(machines.map((machine) => machine.storeUri)).toEqual(
      ['a', 'b', 'd', 'e', 'c', 'f'].map((host) => `ssh://${host}`),
    );
  });

  it('includes a file twice, but never in itself', () => {
    const files = new Map([
      ['/a', '@/b'],
      ['/b', 'x\n\n@/a'],
      ['/c', 'y'],
    ]);
    const include = (file: string) => files.get(file);
    expect(parseMachines('@/c\n@/c', { ...options, include })).toHaveLength(2);
    expect(() => parseMachines('@/a', { ...options, include })).toThrow('/b, line 3: /a includes itself');
  });

  it.each([
    ['a\nb - - x', 'machines, line 2: wanted a number of jobs, got "x"'],
    ['a - - -1', 'wanted a number of jobs, got "-1"'],
    ['a - - 1.5', 'wanted a number of jobs, got "1.5"'],
    ['a - - - -2', 'line 1: wanted a speed factor, not negative, got "-2"'],
    ['a - - - fast', 'got "fast"'],
    ['a - - - Infinity', 'got "Infinity"'],
    ['- x86_64-linux', 'line 1: a machine has no URI'],
    ['a - - - - - - ssh-ed25519', 'wanted the base 64 of a line like "ssh-ed25519 AAAA…", got "ssh-ed25519"'],
    ['a - - - - - - AAAA', 'wanted the base 64 of a line like'],
    ['\n\n@/x', 'machines, line 3: @/x: files cannot be included here'],
  ])('refuses %j', (text, message) => {
    expect(() => parseMachines(text, options)).toThrow(message);
    expect(() => parseMachines(text, options)).toThrow(
      expect.objectContaining({ code: 'nix.machines-invalid' }),
    );
  });

  it('says which file is wrong', () => {
    expect(() => parseMachines('a - - x', { ...options, what: '--builders' })).toThrow(
      /^--builders, line 1: /,
    );
    expect(() => parseMachines('@/f', { ...options, include: () => '\na - - x' })).toThrow(/^\/f, line 2: /);
  });
});
