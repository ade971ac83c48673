/** A command line of Morph's, understood: what is not on it has its default. */

import type { SwitchAction } from '../../deploy/deploy-plan.ts';
import type { MorphCommandName } from './morph-commands.ts';

export interface MorphCall {
  readonly command: MorphCommandName;
  /** The network file, as it was given. */
  readonly deployment: string;
  /** eval */
  readonly attribute: string;
  /** deploy */
  readonly action: SwitchAction;
  /** exec */
  readonly words: readonly string[];

  readonly dryRun: boolean;
  readonly keepResult: boolean;
  readonly allowBuildShell: boolean;

  readonly on: string;
  readonly tagged: string;
  readonly every: number;
  readonly skip: number;
  readonly limit: number;
  readonly orderByTags: string;
  readonly showTrace: boolean;

  /** Null when there is none, which is what wrappers are told in MORPH_ARGS. */
  readonly buildArgs: readonly string[] | null;
  readonly target: string;
  readonly targetFile: string;

  readonly timeout: number;
  readonly passwd: boolean;
  readonly passcmd: string;
  readonly skipHealthChecks: boolean;
  readonly skipPreDeployChecks: boolean;
  readonly uploadSecrets: boolean;
  readonly reboot: boolean;
  readonly json: boolean;
}
