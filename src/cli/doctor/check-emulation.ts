/** Emulation: is aarch64 registered with the kernel, usable inside the sandbox (flag F), and does a build really run? */

import { existsSync } from 'node:fs';
import type { Builder } from '../../build/builder.ts';
import { type Emulation, readEmulations } from '../../build/emulation.ts';
import { type Check, ok, problem, warning } from './check.ts';
import { probeBuild } from './probe-build.ts';

const probed = 'aarch64-linux';

/** What to type on Debian; NixOS has an option for it. */
const howToRegister =
  'on NixOS: boot.binfmt.emulatedSystems = [ "aarch64-linux" ]; on Debian: apt-get install qemu-user-static binfmt-support';

/** One check for each emulated system; aarch64 is always looked at, because it is what people emulate. */
export async function checkEmulation(builder: Builder, signal: AbortSignal): Promise<readonly Check[]> {
  const emulations = await readEmulations();
  const checks: Check[] = [];
  const seen = new Set<string>();
  for (const emulation of emulations) {
    if (seen.has(emulation.system) || emulation.system === builder.systems[0]) continue;
    seen.add(emulation.system);
    checks.push(await checkSystem(emulation, builder, signal));
  }
  if (!seen.has(probed) && !builder.systems.includes(probed)) {
    const mounted = existsSync('/proc/sys/fs/binfmt_misc/register');
    checks.push(
      warning(
        `emulation ${probed}`,
        mounted ? 'is not registered with the kernel' : 'binfmt_misc is not mounted',
        mounted
          ? howToRegister
          : `mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc; then ${howToRegister}`,
      ),
    );
  }
  return checks;
}

async function checkSystem(emulation: Emulation, builder: Builder, signal: AbortSignal): Promise<Check> {
  const { system, entry, interpreter, flags, fixBinary } = emulation;
  const name = `emulation ${system}`;
  const registered = `registered as ${entry} (${interpreter}, flags ${flags || 'none'})`;
  if (!fixBinary) {
    return warning(
      name,
      `${registered}, but without flag F: the sandbox does not see the interpreter`,
      'register it with flag F (Debian’s qemu-user-static does), or add the interpreter to sandbox-paths',
    );
  }
  if (system !== probed) return ok(name, registered);
  const probe = await probeBuild(builder, system, signal);
  if (probe.ok) return ok(name, `${registered}; a probe ran and printed ${probe.message}`);
  return problem(name, `${registered}, but a probe does not build: ${probe.message}`, howToRegister);
}
