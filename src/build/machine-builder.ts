/**
 * A machine of the machines file as a builder: reached over ssh with the key it names, and, when the file gives its
 * host key, trusted by that key alone. `NIX_SSHOPTS` adds to the ssh command line, as with Nix.
 *
 * A host key is given to ssh under an alias, so that it holds for whatever name, address and port the connection ends
 * up with.
 */

import type { Machine } from '../nix/machines-file.ts';
import type { SshSettings } from '../process/ssh.ts';
import { openStore } from '../store/open-store.ts';
import { parseStoreUri } from '../store/parse-store-uri.ts';
import { type StoreSpec, storeName } from '../store/store-spec.ts';
import { AppError } from '../util/app-error.ts';
import type { Builder } from './builder.ts';

export interface MachineBuilderOptions {
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** For every ssh connection, besides what the machine says. */
  readonly ssh?: SshSettings | undefined;
}

type SshSpec = Extract<StoreSpec, { type: 'ssh' }>;

/** Throws `store.uri` when the machine's URI is of no use. */
export function machineBuilder(machine: Machine, options: MachineBuilderOptions = {}): Builder {
  const { uri, hostKey } = takeHostKey(machine);
  const spec = parseStoreUri(uri);
  return {
    name: storeName(spec),
    systems: machine.systems,
    emulatedSystems: [],
    supportedFeatures: machine.supportedFeatures,
    mandatoryFeatures: machine.mandatoryFeatures,
    slots: machine.maxJobs,
    speedFactor: machine.speedFactor,
    isLocal: false,
    settings: {},
    open(signal) {
      const { env } = options;
      // Every build has a connection of its own, and sending inputs one more.
      const storeOptions = { signal, env, maxConnections: machine.maxJobs + 1, shareLogin: true };
      if (spec.type !== 'ssh') return openStore(spec, storeOptions);
      const ssh = withMachine(spec, machine, options);
      return openStore(hostKey === undefined ? ssh : trustingOnly(ssh, hostKey), storeOptions);
    },
  };
}

const hostKeyAlias = 'proteus-builder';

/** The host key of the machine's last column, or of its URI, which our store does not know of. */
function takeHostKey(machine: Machine): { readonly uri: string; readonly hostKey: string | undefined } {
  const [address = '', query = ''] = machine.storeUri.split('?', 2);
  const prefix = 'base64-ssh-public-host-key=';
  const options = query.split('&').filter((option) => option !== '');
  const inUri = options.find((option) => option.startsWith(prefix));
  const others = options.filter((option) => option !== inUri).join('&');
  const decoded =
    inUri === undefined
      ? undefined
      : Buffer.from(decodeURIComponent(inUri.slice(prefix.length)), 'base64')
          .toString('utf8')
          .trim();
  return {
    uri: others === '' ? address : `${address}?${others}`,
    hostKey: machine.hostPublicKey ?? decoded,
  };
}

/** `NIX_SSHOPTS` comes first: ssh takes the first value it is given of an option. */
function withMachine(spec: SshSpec, machine: Machine, options: MachineBuilderOptions): SshSpec {
  const words = ((options.env ?? process.env).NIX_SSHOPTS ?? '').split(/\s+/).filter((word) => word !== '');
  const settings: SshSettings = {
    ...options.ssh,
    identityFile: spec.settings.identityFile ?? machine.sshKey ?? options.ssh?.identityFile,
    extraArgs: [...words, ...(options.ssh?.extraArgs ?? [])],
  };
  return { ...spec, settings };
}

/** The key goes to ssh by a command that prints it: a file could be left behind by a Proteus that is killed. */
function trustingOnly(spec: SshSpec, hostKey: string): SshSpec {
  const [type = '', key = ''] = hostKey.split(/\s+/);
  if (!/^[a-z0-9@.-]+$/.test(type) || !/^[A-Za-z0-9+/=]+$/.test(key)) {
    throw new AppError(
      'nix.machines-invalid',
      `wanted a host key like ssh-ed25519 AAAA…, got ${JSON.stringify(hostKey)}`,
    );
  }
  const trust = [
    'StrictHostKeyChecking=yes',
    `HostKeyAlias=${hostKeyAlias}`,
    `KnownHostsCommand=/usr/bin/env echo ${hostKeyAlias} ${type} ${key}`,
    'UserKnownHostsFile=/dev/null',
    'GlobalKnownHostsFile=/dev/null',
  ].flatMap((option) => ['-o', option]);
  const { extraArgs = [] } = spec.settings;
  return {
    ...spec,
    settings: { ...spec.settings, skipHostKeyCheck: false, extraArgs: [...trust, ...extraArgs] },
  };
}
