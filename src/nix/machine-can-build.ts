/** Which builds a build machine takes. Source: libstore/machines.cc. */

import type { Machine } from './machines-file.ts';

type Abilities = Pick<Machine, 'systems' | 'supportedFeatures' | 'mandatoryFeatures'>;

/**
 * True when the machine is of the system (`builtin` is built anywhere), has every feature that is required, and the build
 * requires every feature that the machine makes mandatory.
 */
export function machineCanBuild(
  machine: Abilities,
  system: string,
  requiredFeatures: readonly string[],
): boolean {
  const { systems, supportedFeatures, mandatoryFeatures } = machine;
  return (
    (system === 'builtin' || systems.includes(system)) &&
    requiredFeatures.every((name) => supportedFeatures.includes(name) || mandatoryFeatures.includes(name)) &&
    mandatoryFeatures.every((name) => requiredFeatures.includes(name))
  );
}
