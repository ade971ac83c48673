/**
 * This machine as a builder, as Nix's own configuration has it, and with the systems it can emulate besides.
 *
 * `extra-platforms` mixes what the processor runs natively (i686 on x86_64) with what binfmt_misc emulates; what has
 * an entry there is emulated. Where an emulator works in the sandbox as it is (flag F) but nobody told Nix of it, the
 * builds are given the longer `extra-platforms`, which a trusted user may; NixOS without flag F has told Nix.
 */

import { z } from 'zod';
import { runProcess } from '../process/run-process.ts';
import { openStore } from '../store/open-store.ts';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';
import type { Builder } from './builder.ts';
import { type Emulation, readEmulations } from './emulation.ts';

export interface LocalBuilderOptions {
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** True when there are others: then `max-jobs = 0` means that nothing is built here. */
  readonly hasOtherBuilders?: boolean | undefined;
  /** Further Nix settings for each build, e.g. those a network file asks for. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Default: what the kernel says. */
  readonly emulations?: readonly Emulation[] | undefined;
}

/** Nix's settings that make a builder. */
export interface NixSettings {
  readonly system: string;
  readonly extraPlatforms: readonly string[];
  readonly systemFeatures: readonly string[];
  readonly maxJobs: number;
}

const setting = <T extends z.ZodType>(value: T) => z.object({ value });
const configSchema = z.object({
  system: setting(z.string()),
  'extra-platforms': setting(z.array(z.string())),
  'system-features': setting(z.array(z.string())),
  'max-jobs': setting(z.int().nonnegative()),
  // Nix 2.8 prints the features' numbers; `ca-derivations` is number 0.
  'experimental-features': setting(
    z.array(z.union([z.string(), z.number().transform((number) => (number === 0 ? 'ca-derivations' : ''))])),
  ),
});

/** Experimental features of Nix that are system features too, without being listed there. */
const impliedFeatures = ['ca-derivations', 'recursive-nix'];

/** Throws `process.failed` or `process.missing` when Nix cannot be asked for its configuration. */
export async function localBuilder(options: LocalBuilderOptions = {}): Promise<Builder> {
  const [settings, emulations] = await Promise.all([
    readNixSettings(options),
    options.emulations ?? readEmulations(),
  ]);
  const builder = describeLocalBuilder(settings, emulations, options.hasOtherBuilders ?? false);
  return {
    ...builder,
    settings: { ...builder.settings, ...options.settings },
    // Every build has a connection of its own, and copying one more.
    open: (signal) =>
      openStore({ type: 'local' }, { signal, env: options.env, maxConnections: builder.slots + 1 }),
  };
}

/** The builder of these settings, but for how it is opened; pure. */
export function describeLocalBuilder(
  settings: NixSettings,
  emulations: readonly Emulation[],
  hasOtherBuilders: boolean,
): Omit<Builder, 'open'> {
  const { system, extraPlatforms, systemFeatures, maxJobs } = settings;
  const registered = new Set(emulations.map((emulation) => emulation.system));
  registered.delete(system);
  const inSandbox = emulations.filter(({ fixBinary }) => fixBinary).map((emulation) => emulation.system);
  const emulated = new Set([
    ...extraPlatforms.filter((platform) => registered.has(platform) && !isNative(platform, system)),
    ...inSandbox.filter((platform) => platform !== system && !isNative(platform, system)),
  ]);
  const native = extraPlatforms.filter((platform) => platform !== system && !emulated.has(platform));
  const added = [...emulated].filter((platform) => !extraPlatforms.includes(platform));
  return {
    name: 'local',
    systems: [system, ...native, ...emulated],
    emulatedSystems: [...emulated],
    supportedFeatures: systemFeatures,
    mandatoryFeatures: [],
    slots: maxJobs === 0 && !hasOtherBuilders ? 1 : maxJobs,
    speedFactor: 1,
    isLocal: true,
    settings: added.length === 0 ? {} : { 'extra-platforms': [...extraPlatforms, ...added].join(' ') },
  };
}

/** What runs without an emulator even where one is registered. */
function isNative(platform: string, system: string): boolean {
  return system === 'x86_64-linux' && (platform === 'i686-linux' || platform.startsWith('x86_64-'));
}

/** The command has another name since Nix 2.20; the old one is asked for only where the new one is not known. */
async function readNixSettings(options: LocalBuilderOptions): Promise<NixSettings> {
  const { env, signal } = options;
  const ask = async (...words: readonly string[]): Promise<string> => {
    const argv = ['nix', '--extra-experimental-features', 'nix-command', ...words, '--json'] as const;
    return (await runProcess(argv, { signal, ...(env !== undefined && { env }) })).stdout;
  };
  let json: string;
  try {
    json = await ask('config', 'show');
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'process.failed')) throw error;
    json = await ask('show-config');
  }
  const config = parseConfig(json);
  return {
    system: config.system.value,
    extraPlatforms: config['extra-platforms'].value,
    systemFeatures: [
      ...config['system-features'].value,
      ...config['experimental-features'].value.filter((feature) => impliedFeatures.includes(feature)),
    ],
    maxJobs: config['max-jobs'].value,
  };
}

function parseConfig(json: string): z.infer<typeof configSchema> {
  try {
    return configSchema.parse(JSON.parse(json));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : errorMessage(cause);
    throw new AppError('process.failed', `cannot read the configuration that Nix printed: ${reason}`, {
      cause,
    });
  }
}
