import { describe, expect, it } from 'vitest';
import type { MorphCall } from './morph-call.ts';
import { type MorphFiles, type MorphLine, parseMorphLine } from './parse-morph-line.ts';

const texts: Readonly<Record<string, string>> = {
  args: '# what is built\n\n--on\nweb*\nnet.nix\n',
  nested: 'build\n@args\n',
  spaces: '  net.nix  \n',
};

const files: MorphFiles = {
  read(file) {
    const text = texts[file];
    if (text === undefined) throw new Error('ENOENT');
    return text;
  },
  look: (path) => (path.endsWith('.nix') ? 'file' : path.startsWith('/tmp') ? 'folder' : 'nothing'),
};

function parse(...argv: readonly string[]): MorphLine {
  return parseMorphLine(argv, files);
}

function call(...argv: readonly string[]): MorphCall {
  const line = parse(...argv);
  if (line.type !== 'call') throw new Error(`no call: ${line.type}`);
  return line.call;
}

describe('parseMorphLine', () => {
  it('has defaults for all that is not said', () => {
    expect(call('deploy', 'net.nix', 'switch')).toEqual({
      command: 'deploy',
      deployment: 'net.nix',
      attribute: '',
      action: 'switch',
      words: [],
      dryRun: false,
      keepResult: false,
      allowBuildShell: false,
      on: '*',
      tagged: '',
      every: 1,
      skip: 0,
      limit: 0,
      orderByTags: '',
      showTrace: false,
      buildArgs: null,
      target: '',
      targetFile: '',
      timeout: 0,
      passwd: false,
      passcmd: '',
      skipHealthChecks: false,
      skipPreDeployChecks: false,
      uploadSecrets: false,
      reboot: false,
      json: false,
    });
  });

  it('takes flags anywhere, and values in two forms', () => {
    expect(
      call('--dry-run', 'deploy', '--on=a', 'net.nix', '--tagged', 'x,y', 'boot', '--reboot', '--skip=-1'),
    ).toMatchObject({ dryRun: true, on: 'a', tagged: 'x,y', action: 'boot', reboot: true, skip: -1 });
    expect(call('build', '--build-arg', 'a', 'net.nix', '--build-arg=--b').buildArgs).toEqual(['a', '--b']);
    expect(call('build', '--every', '1e1', '--limit', '2.9', 'net.nix')).toMatchObject({
      every: 10,
      limit: 2,
    });
    expect(call('build', '--', 'net.nix').deployment).toBe('net.nix');
  });

  it('takes switches that are said to be off', () => {
    expect(call('build', '--no-keep-result', 'net.nix').keepResult).toBe(false);
  });

  it('ends flags at the first argument of exec', () => {
    expect(call('exec', '--on', 'db01', 'net.nix', '--dry-run', '@args', '--', 'uname')).toMatchObject({
      on: 'db01',
      dryRun: false,
      words: ['--dry-run', '@args', '--', 'uname'],
    });
  });

  it('reads arguments from files, which may name files', () => {
    expect(call('build', '@args')).toMatchObject({ on: 'web*', deployment: 'net.nix' });
    expect(call('@nested').on).toBe('web*');
  });

  it('shows help and the version whatever else there is', () => {
    expect(parse()).toEqual({ type: 'help', command: undefined });
    expect(parse('--dry-run')).toMatchObject({ type: 'help', command: undefined });
    expect(parse('build', '--help')).toMatchObject({ type: 'help', command: { name: 'build' } });
    expect(parse('help', 'deploy', 'more', '--frob')).toMatchObject({
      type: 'help',
      command: { name: 'deploy' },
    });
    expect(parse('--version', 'build', '--frob')).toEqual({ type: 'version' });
  });

  it.each([
    [['build'], "required argument 'deployment' not provided"],
    [['deploy', 'net.nix'], "required argument 'switch-action' not provided"],
    [['exec', 'net.nix'], "required argument 'command' not provided"],
    [['build', 'none'], "path 'none' does not exist"],
    [['build', ''], "path '' does not exist"],
    [['build', '/tmp/x/'], "'x' is a directory"],
    [['build', '--target-file', 'none', 'net.nix'], "path 'none' does not exist"],
    [['bild'], 'expected command but got "bild"'],
    [['help', 'nope'], 'expected command but got "nope"'],
    [['build', 'net.nix', '--frob'], "unknown long flag '--frob'"],
    [['build', '--no-on', 'net.nix'], "unknown long flag '--no-on'"],
    [['--json', 'list-secrets', 'net.nix'], "unknown long flag '--json'"],
    [['eval', '--show-trace', 'net.nix', 'a'], "unknown long flag '--show-trace'"],
    [['build', '-x'], "unknown short flag '-x'"],
    [['build', '-'], "unknown short flag '-'"],
    [['build', 'net.nix', 'more'], 'unexpected more'],
    [['build', '--dry-run=true', 'net.nix'], 'unexpected net.nix'],
    [['build', 'net.nix', '--on'], "expected argument for flag '--on'"],
    [['build', 'net.nix', '--skip', '-1'], "expected argument for flag '--skip'"],
    [['build', '--on', 'a', '--on', 'b', 'net.nix'], "flag 'on' cannot be repeated"],
    [['build', '--no-keep-result', '--keep-result', 'net.nix'], "flag 'keep-result' cannot be repeated"],
    [['build', '--every', 'two', 'net.nix'], 'strconv.ParseFloat: parsing "two": invalid syntax'],
    [['build', '--every', '0x10', 'net.nix'], 'strconv.ParseFloat: parsing "0x10": invalid syntax'],
    [['deploy', 'net.nix', 'foo'], "enum value must be one of dry-activate,test,switch,boot, got 'foo'"],
    [['@none'], 'failed to open arguments file "none": open none: no such file or directory'],
    [['build', '@spaces'], "path '  net.nix  ' does not exist"],
  ])('refuses %j', (argv, message) => {
    expect(() => parse(...argv)).toThrow(message);
  });

  it('looks at values in the order of the line', () => {
    expect(() => parse('build', 'none', '--every', 'q')).toThrow("path 'none' does not exist");
    expect(() => parse('build', '--every', 'q', 'none')).toThrow('strconv');
  });
});
