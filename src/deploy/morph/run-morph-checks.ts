/** The checks of a host with Morph's messages; each of its commands runs over an ssh of its own. */

import { AppError } from '../../util/app-error.ts';
import { runChecks } from '../checks/run-checks.ts';
import type { RunCommand } from '../checks/try-command.ts';
import type { PlannedHost } from '../deploy-plan.ts';
import { describeMorphCheck } from './describe-morph-check.ts';
import type { MorphHost, MorphRemote } from './morph-remote.ts';

export interface MorphChecksOptions {
  readonly remote: MorphRemote;
  readonly write: (text: string) => void;
  readonly signal: AbortSignal;
  /** For all of them; 0 or less: as long as it takes. */
  readonly timeoutSeconds: number;
}

const names = { 'pre-deploy': 'pre-deploy checks', health: 'health checks' } as const;
/** Of what a check prints. */
const charactersKept = 64 * 1024;

/** Throws `deploy.check-failed`, of which the user has been told all but what follows from it. */
export async function runMorphChecks(
  host: Pick<PlannedHost, 'name' | 'target' | 'preDeployChecks' | 'healthChecks'>,
  kind: 'pre-deploy' | 'health',
  { remote, write, signal, timeoutSeconds }: MorphChecksOptions,
): Promise<void> {
  const { name, target } = host;
  write(`Running ${names[kind]} on ${name} (${target.host}):\n`);
  try {
    await runChecks(kind === 'health' ? host.healthChecks : host.preDeployChecks, {
      host: target.host,
      name,
      kind,
      timeoutSeconds,
      signal,
      runCommand: commandsOn(host, remote),
      emit(event) {
        if (event.type === 'host.check') write(describeMorphCheck(event));
      },
    });
  } catch (error) {
    if (error instanceof AppError && error.code === 'deploy.check-failed') {
      write(`Timeout: Gave up waiting for ${names[kind]} to complete after ${timeoutSeconds} seconds\n`);
    }
    throw error;
  }
  write(`${names[kind]} OK\n`);
}

function commandsOn(host: MorphHost, remote: MorphRemote): RunCommand {
  return async (words, { signal, onLine }) => {
    let printed = '';
    const exit = await remote.run(host, words, {
      signal,
      output: (chunk) => {
        printed = (printed + Buffer.from(chunk).toString()).slice(-charactersKept);
      },
    });
    if (printed !== '') for (const line of printed.replace(/\n$/, '').split('\n')) onLine(line);
    return exit.code ?? 1;
  };
}
