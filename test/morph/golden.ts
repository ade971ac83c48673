/**
 * The world of Morph's golden cases: a copy of a network, and programs first on PATH that log how they are called in the
 * place of ssh, scp and nix-copy-closure, and before the real Nix. Every case runs Proteus under the name of Morph; where
 * PROTEUS_MORPH names a real Morph, it runs that too, and wants the two to have done the same.
 */

import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import { makeFolder } from '../helpers/write-network.ts';

const here = import.meta.dirname;
const root = path.join(here, '../..');

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What was called, in order, as the stand-ins log it. */
  readonly log: readonly string[];
}

export interface GoldenOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What is compared with a real Morph; the rest differs on purpose. Default: all. */
  readonly same?: readonly (keyof Ran)[];
}

export interface Golden {
  readonly folder: string;
  /** Runs a line, on both programs where there are two; what ours did comes back. */
  run(args: readonly string[], options?: GoldenOptions): Promise<Ran>;
}

/** With the stand-ins first on PATH, logging to a file. */
export function goldenEnvironment(
  log: string,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string | undefined>> {
  return {
    ...process.env,
    PATH: `${path.join(here, 'stand-ins')}:${process.env.PATH}`,
    REAL_PATH: process.env.PATH,
    MORPH_LOG: log,
    MORPH_NIX_EVAL_MACHINES: path.join(root, 'nix/eval-machines.nix'),
    ...more,
  };
}

/** `network`: Nix source that takes the place of the usual network. */
export async function openGolden(network?: string): Promise<Golden> {
  const folder = await makeFolder();
  await mkdir(path.join(folder, 's'));
  await mkdir(path.join(folder, 'bin'));
  for (const name of ['a', 'b', 'c'])
    await writeFile(path.join(folder, 's', `${name}.txt`), `secret ${name}\n`);
  const source = network ?? (await readFile(path.join(here, 'net.nix'), 'utf8'));
  await writeFile(
    path.join(folder, 'net.nix'),
    source.replaceAll('../fixtures', path.join(root, 'test/fixtures')),
  );
  await symlink(path.join(root, 'bin/proteus'), path.join(folder, 'bin/morph'));
  let count = 0;

  const runOne = async (program: string, args: readonly string[], options: GoldenOptions): Promise<Ran> => {
    count += 1;
    const log = path.join(folder, `log.${count}`);
    await writeFile(log, '');
    const { code, stdout, stderr } = await runProcess([program, ...args], {
      cwd: folder,
      env: goldenEnvironment(log, options.env),
      okCodes: Array.from({ length: 256 }, (_, index) => index),
    });
    const logged = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '');
    await rm(`${log}.rebooted`, { force: true });
    return { code, stdout, stderr, log: logged };
  };

  return {
    folder,
    async run(args, options = {}) {
      const ours = await runOne(path.join(folder, 'bin/morph'), args, options);
      const real = process.env.PROTEUS_MORPH;
      if (real !== undefined) {
        const theirs = await runOne(real, args, options);
        for (const what of options.same ?? (['code', 'stdout', 'stderr', 'log'] as const)) {
          expect(masked(ours, folder)[what], `${what} of ${args.join(' ')}`).toEqual(
            masked(theirs, folder)[what],
          );
        }
      }
      return ours;
    },
  };
}

/**
 * Without what may differ from run to run (temporary folders, the order of secrets and of checks that run side by side) and
 * the one flag that Nix gets from us in addition.
 */
function masked({ code, stdout, stderr, log }: Ran, folder: string): Ran {
  const text = (line: string): string =>
    line
      // Morph names secrets from where it runs; here they are absolute.
      .replaceAll(`${folder}/s/`, 's/')
      .replaceAll(folder, 'FOLDER')
      .replaceAll(/\/tmp\/morph-[A-Za-z0-9]+/g, 'TMP')
      .replaceAll(' [--read-write-mode]', '')
      .replaceAll('"ReadWriteMode":true', '"ReadWriteMode":false');
  return {
    code,
    stdout: text(stdout),
    // Whoever builds first says more.
    stderr: stderr
      .split('\n')
      .map(text)
      .filter(
        (line) =>
          !/^(?:these|this) .*derivations? will be built|^ {2}\/nix\/store|^building '|^warning: /.test(line),
      )
      .sort()
      .join('\n'),
    log: log.map(text).sort(),
  };
}

/** The calls of programs that reach hosts, words without brackets. */
export function remoteCalls({ log }: Ran): readonly string[] {
  return log
    .filter((line) => /^(?:ssh|scp|nix-copy-closure) /.test(line))
    .map((line) =>
      line.replaceAll(/\[([^\]]*)\]/g, '$1').replaceAll(/\/nix\/store\/[a-z0-9]{32}-/g, 'STORE-'),
    );
}

/** The header of a run, and the hosts that it names. */
export function selectedHosts({ stderr }: Ran): {
  readonly header: string;
  readonly hosts: readonly string[];
} {
  const [header = '', ...rest] = stderr.split('\n');
  return { header, hosts: rest.flatMap((line) => /^\t *\d+: (\S+) /.exec(line)?.[1] ?? []) };
}

/** What a program of Nix was told in MORPH_ARGS, the last time. */
export function morphArgsOf({ log }: Ran, program: string): Readonly<Record<string, unknown>> {
  const line = log.findLast((candidate) => candidate.startsWith(`${program} MORPH_ARGS=`));
  const json = /MORPH_ARGS=(.*) MORPH_ARGS_FILE=/.exec(line ?? '')?.[1] ?? '{}';
  return JSON.parse(json) as Readonly<Record<string, unknown>>; // an object, by contract
}
