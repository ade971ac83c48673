/**
 * Executes a rollout from the command line: over our own steps, from the local store, with its progress told, and what came
 * of it at the end. The first interrupt lets hosts that are being activated come to their end; the journal keeps the rest.
 */

import { copyUnlessPresent } from '../../deploy/copy/copy-unless-present.ts';
import { createFleetCopier } from '../../deploy/copy/create-fleet-copier.ts';
import { executeRollout } from '../../deploy/rollout/execute-rollout.ts';
import type { Journal } from '../../deploy/rollout/journal.ts';
import { ownSteps } from '../../deploy/rollout/own-steps.ts';
import { planOfJournal } from '../../deploy/rollout/rollout-state.ts';
import { createSecretMemory } from '../../deploy/secrets/secret-memory.ts';
import { sshSettingsFromEnvironment } from '../../process/ssh.ts';
import { openStore } from '../../store/open-store.ts';
import type { Store } from '../../store/store.ts';
import { type CliContext, say } from '../context.ts';
import { cordonFile, watchCordons } from '../cordons/cordon-file.ts';
import { whoAmI } from '../who-am-i.ts';
import { collectTails } from './collect-tails.ts';
import { describeResults, exitCodeOfResult } from './describe-results.ts';

export interface RunRolloutOptions {
  /** The local store; opened when it is not given. */
  readonly store?: Store | undefined;
  /** Of sudo on the hosts. */
  readonly password?: (() => Promise<string>) | undefined;
  /** What age decrypts secrets with, where they name nothing. */
  readonly ageIdentity?: string | undefined;
}

/** The exit code: 0 all is as planned, 4 not everywhere or not quite, 1 something failed. Throws `interrupted` and others. */
export async function runRollout(
  context: CliContext,
  journal: Journal,
  options: RunRolloutOptions = {},
): Promise<number> {
  const { signal, emit, env } = context;
  const plan = planOfJournal(journal.id, journal.entries);
  const cordoned = watchCordons(cordonFile(env));
  await using stack = new AsyncDisposableStack();
  const store = options.store ?? stack.use(await openStore({ type: 'local' }, { signal }));
  // Waves may be hours away, and nothing else may keep what they bring.
  const kept = new Set(plan.hosts.map(({ toplevel, build }) => build?.drvPath ?? toplevel));
  stack.use(await store.leaseTempRoots([...kept], { signal }));
  const copier = copyUnlessPresent(stack.use(createFleetCopier({ store })));
  const secretMemory = stack.use(createSecretMemory({ ageIdentity: options.ageIdentity }));
  const tails = collectTails(emit);
  const tellInterrupt = (): void => {
    const text =
      'interrupted: hosts that are being activated come to their end; a second interrupt does not wait';
    emit({ type: 'message', level: 'warning', text });
  };
  signal.addEventListener('abort', tellInterrupt, { once: true });
  try {
    const end = await executeRollout(journal, {
      openSteps: ownSteps({
        ssh: sshSettingsFromEnvironment(env),
        policy: plan.policy,
        copier,
        secretMemory,
        emit: tails.emit,
        password: options.password,
        // A login that may do nothing else may push all the same.
        withoutLock: plan.action === 'push',
      }),
      emit: tails.emit,
      signal,
      by: whoAmI(env),
      cordoned,
    });
    for (const line of describeResults(end, tails.lines)) say(context, line);
    if (context.json) {
      const result = { type: 'deploy.result', rollout: journal.id, result: end.result, hosts: end.outcomes };
      context.stdout.write(`${JSON.stringify(result)}\n`);
    }
    return exitCodeOfResult(end.result);
  } catch (error) {
    say(context, `the rollout has not ended; go on with it: proteus rollout resume ${journal.id}`);
    throw error;
  } finally {
    signal.removeEventListener('abort', tellInterrupt);
  }
}
