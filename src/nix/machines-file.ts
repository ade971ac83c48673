/**
 * Build machines in the form of Nix's `builders` setting and `/etc/nix/machines`. One machine a line, or several with
 * `;` between; `#` begins a comment, which goes on to the end of the line; `@file` stands for the lines of that file,
 * and for nothing when it does not exist. A machine is up to eight words, `-` or absent meaning the default:
 *
 *     URI  systems,…  ssh-key  max-jobs  speed-factor  features,…  mandatory-features,…  base64-host-key
 *
 * Source: libstore/machines.cc (2.36; 2.8 ended a comment at `;` too).
 */

import { AppError } from '../util/app-error.ts';

export interface Machine {
  /** With a scheme: a bare host name has become `ssh://<name>`. */
  readonly storeUri: string;
  readonly systems: readonly string[];
  /** Path of the private key, on the machine that connects. */
  readonly sshKey: string | undefined;
  /** How many builds at once. */
  readonly maxJobs: number;
  /** Relative; more than 0. */
  readonly speedFactor: number;
  /** What a build may ask for. */
  readonly supportedFeatures: readonly string[];
  /** What a build must ask for. */
  readonly mandatoryFeatures: readonly string[];
  /** Decoded, as in `known_hosts` without the host: `ssh-ed25519 AAAA…`. */
  readonly hostPublicKey: string | undefined;
}

export interface MachinesOptions {
  /** The systems of a machine that does not say any. */
  readonly defaultSystem: string;
  /** Text of an `@file`; undefined when there is no such file. Without it, `@file` is an error. */
  readonly include?: ((file: string) => string | undefined) | undefined;
  /** Named in errors; default `machines`. */
  readonly what?: string | undefined;
}

/** The machines in the order they are listed. Throws `nix.machines-invalid` with the file and the line. */
export function parseMachines(text: string, options: MachinesOptions): readonly Machine[] {
  return readLines(text, options.what ?? 'machines', options, []);
}

function readLines(
  text: string,
  what: string,
  options: MachinesOptions,
  including: readonly string[],
): readonly Machine[] {
  return text.split('\n').flatMap((line, index) => {
    const where = `${what}, line ${index + 1}`;
    const uncommented = line.replace(/#.*/s, '');
    const entries = uncommented.split(';').map((entry) => entry.trim());
    return entries.flatMap((entry) => {
      if (entry === '') return [];
      if (!entry.startsWith('@')) return [readMachine(entry, where, options.defaultSystem)];
      const file = entry.slice(1).trim();
      if (including.includes(file)) throw invalid(where, `${file} includes itself`);
      if (options.include === undefined) throw invalid(where, `${entry}: files cannot be included here`);
      const included = options.include(file);
      return included === undefined ? [] : readLines(included, file, options, [...including, file]);
    });
  });
}

function readMachine(entry: string, where: string, defaultSystem: string): Machine {
  const [uri = '', systems, sshKey, maxJobs, speedFactor, supported, mandatory, hostKey] = entry
    .split(/\s+/)
    .map((word) => (word === '-' ? undefined : word));
  if (uri === '') throw invalid(where, 'a machine has no URI');
  return {
    storeUri: withScheme(uri),
    systems: systems === undefined ? [defaultSystem] : readList(systems),
    sshKey,
    maxJobs: maxJobs === undefined ? 1 : readMaxJobs(maxJobs, where),
    speedFactor: speedFactor === undefined ? 1 : readSpeedFactor(speedFactor, where),
    supportedFeatures: readList(supported ?? ''),
    mandatoryFeatures: readList(mandatory ?? ''),
    hostPublicKey: hostKey === undefined ? undefined : readHostKey(hostKey, where),
  };
}

function withScheme(uri: string): string {
  const isStore = uri.includes('/') || /^(?:auto|daemon|local)?(?:\?|$)/.test(uri);
  return isStore ? uri : `ssh://${uri}`;
}

function readList(words: string): readonly string[] {
  return words.split(',').filter((word) => word !== '');
}

function readMaxJobs(word: string, where: string): number {
  if (/^[0-9]{1,9}$/.test(word)) return Number(word);
  throw invalid(where, `wanted a number of jobs, got ${JSON.stringify(word)}`);
}

function readSpeedFactor(word: string, where: string): number {
  if (!/^[0-9]+\.?[0-9]*$|^\.[0-9]+$/.test(word)) {
    throw invalid(where, `wanted a speed factor, not negative, got ${JSON.stringify(word)}`);
  }
  return Number(word) || 1;
}

function readHostKey(word: string, where: string): string {
  const bytes = Buffer.from(word, 'base64');
  const decoded = bytes.toString('utf8').trim();
  if (
    bytes.toString('base64').replace(/=+$/, '') !== word.replace(/=+$/, '') ||
    !/^[!-~]+ [ -~]+$/.test(decoded)
  ) {
    throw invalid(
      where,
      `wanted the base 64 of a line like "ssh-ed25519 AAAA…", got ${JSON.stringify(word)}`,
    );
  }
  return decoded;
}

function invalid(where: string, problem: string): AppError {
  return new AppError('nix.machines-invalid', `${where}: ${problem}`);
}
