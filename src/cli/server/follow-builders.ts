/**
 * The builders of the server: this machine, those of the configuration, and those of the machines file, which is read
 * again whenever it changes. A file that is not right changes nothing but the log.
 */

import type { Builder } from '../../build/builder.ts';
import { parseBuildersOption } from '../../build/builders-option.ts';
import { watchMachinesFile } from '../../build/watch-machines-file.ts';
import { errorMessage } from '../../util/error-message.ts';

export interface BuildersSettings {
  readonly machines: readonly string[];
  readonly 'machines-file': string;
}

/** The remote ones; `known` keeps those that have not changed. Throws `nix.machines-invalid` and `store.uri`. */
export function readBuilders(
  settings: BuildersSettings,
  env: Readonly<Record<string, string | undefined>>,
  known: Map<string, Builder> = new Map(),
): readonly Builder[] {
  return parseBuildersOption([`@${settings['machines-file']}`, ...settings.machines].join('\n'), {
    defaultSystem: `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux`,
    env,
    known,
  });
}

export interface FollowBuildersOptions {
  readonly settings: BuildersSettings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly known: Map<string, Builder>;
  readonly onChange: (builders: readonly Builder[]) => void;
  readonly onFault: (message: string) => void;
}

/** Until disposed. */
export function followBuilders(options: FollowBuildersOptions): Disposable {
  const { settings, env, known, onChange, onFault } = options;
  return watchMachinesFile(settings['machines-file'], () => {
    try {
      onChange(readBuilders(settings, env, known));
    } catch (error) {
      onFault(`the builders stay as they were: ${errorMessage(error)}`);
    }
  });
}
