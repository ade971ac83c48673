/** Stands in for the steps of ours until they are there. */

import type { Emit } from '../../events/event.ts';
import type { SshSettings } from '../../process/ssh.ts';
import type { FleetCopier } from '../copy/create-fleet-copier.ts';
import type { RolloutPolicy } from '../deploy-plan.ts';
import type { SecretMemory } from '../secrets/secret-memory.ts';
import type { OpenHostSteps } from './host-steps.ts';

export interface OwnStepsOptions {
  readonly ssh: SshSettings;
  readonly policy: RolloutPolicy;
  readonly copier: FleetCopier;
  readonly secretMemory: SecretMemory;
  readonly emit: Emit;
  readonly password?: (() => Promise<string>) | undefined;
}

export function ownSteps(_options: OwnStepsOptions): OpenHostSteps {
  return () => {
    throw new Error('not there yet');
  };
}
