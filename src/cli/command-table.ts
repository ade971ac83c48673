/**
 * Every command by its words. A command's module is loaded only when it is asked for, so that `proteus --help` and
 * the quick commands do not pay for the rest.
 */

import type { CommandModule } from './command-module.ts';

export interface CommandEntry {
  /** `build`, or noun and verb: `cache serve`. */
  readonly words: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

function entry(words: string, summary: string, load: CommandEntry['load']): CommandEntry {
  return { words, summary, load };
}

export const commandTable: readonly CommandEntry[] = [
  entry('up', 'follow a git checkout: server, jobset and cache in one go', () => import('./commands/up.ts')),
  entry('build', 'evaluate and build the hosts of a network', () => import('./commands/build.ts')),
  entry('push', 'build, then copy each system to its host', () => import('./commands/push.ts')),
  entry(
    'deploy',
    'build, copy and activate, wave by wave, with a way back',
    () => import('./commands/deploy.ts'),
  ),
  entry('rollback', 'take hosts back to what they ran before', () => import('./commands/rollback.ts')),
  entry(
    'rollout execute',
    'execute a rollout that was planned before',
    () => import('./commands/rollout-execute.ts'),
  ),
  entry(
    'rollout resume',
    'go on with a rollout that was interrupted',
    () => import('./commands/rollout-resume.ts'),
  ),
  entry('rollout list', 'list rollouts', () => import('./commands/rollout-list.ts')),
  entry(
    'rollout show',
    'show what was planned, and what became of it',
    () => import('./commands/rollout-show.ts'),
  ),
  entry('status', 'say what hosts run, and what they should run', () => import('./commands/status.ts')),
  entry('diff', 'say what differs between systems', () => import('./commands/diff.ts')),
  entry(
    'check-health',
    'run the health checks of hosts until they succeed',
    () => import('./commands/check-health.ts'),
  ),
  entry('upload-secrets', 'upload the secrets of hosts', () => import('./commands/upload-secrets.ts')),
  entry('exec', 'run a command or a script on hosts', () => import('./commands/exec.ts')),
  entry('eval', 'print the value of an attribute of a network', () => import('./commands/eval.ts')),
  entry(
    'list-secrets',
    'list the secrets that the hosts of a network want',
    () => import('./commands/list-secrets.ts'),
  ),

  entry('serve', 'run the server: continuous builds and their cache', () => import('./commands/serve.ts')),
  entry('watch', 'see live what a server evaluates and builds', () => import('./commands/watch.ts')),
  entry('log', 'print the log of a build', () => import('./commands/log.ts')),

  entry('project list', 'list projects', () => import('./commands/project-list.ts')),
  entry('project show', 'show a project and its jobsets', () => import('./commands/project-show.ts')),
  entry('project create', 'make a project', () => import('./commands/project-create.ts')),
  entry(
    'project delete',
    'delete a project with all that is in it',
    () => import('./commands/project-delete.ts'),
  ),
  entry('jobset list', 'list jobsets and how they stand', () => import('./commands/jobset-list.ts')),
  entry('jobset show', 'show the settings of a jobset', () => import('./commands/jobset-show.ts')),
  entry(
    'jobset create',
    'have something evaluated and built continuously',
    () => import('./commands/jobset-create.ts'),
  ),
  entry('jobset edit', 'change the settings of a jobset', () => import('./commands/jobset-edit.ts')),
  entry('jobset delete', 'delete a jobset with its builds', () => import('./commands/jobset-delete.ts')),
  entry('jobset evaluate', 'evaluate a jobset now', () => import('./commands/jobset-evaluate.ts')),
  entry('jobset cancel', 'end the evaluation of a jobset', () => import('./commands/jobset-cancel.ts')),
  entry('eval list', 'list the evaluations of a jobset', () => import('./commands/eval-list.ts')),
  entry('eval show', 'show an evaluation and its builds', () => import('./commands/eval-show.ts')),
  entry('eval errors', 'show what did not evaluate, and why', () => import('./commands/eval-errors.ts')),
  entry('job list', 'list the jobs of a jobset', () => import('./commands/job-list.ts')),
  entry('job show', 'show the latest builds of a job', () => import('./commands/job-show.ts')),
  entry('queue list', 'list what is not built yet', () => import('./commands/queue-list.ts')),
  entry('queue cancel', 'end builds', () => import('./commands/queue-cancel.ts')),
  entry('queue restart', 'build again', () => import('./commands/queue-restart.ts')),
  entry('queue bump', 'put builds before all others', () => import('./commands/queue-bump.ts')),
  entry('queue why', 'say why a build is not building', () => import('./commands/queue-why.ts')),
  entry('builder list', 'list the builders and what they do', () => import('./commands/builder-list.ts')),
  entry('builder drain', 'give a builder no more steps', () => import('./commands/builder-drain.ts')),
  entry(
    'builder undrain',
    'give a drained builder steps again',
    () => import('./commands/builder-undrain.ts'),
  ),
  entry(
    'rollout start',
    'roll out what a server built: plan it, or do it at once',
    () => import('./commands/rollout-start.ts'),
  ),
  entry('rollout approve', 'begin a rollout that was planned', () => import('./commands/rollout-approve.ts')),
  entry('rollout watch', 'see a rollout of a server live', () => import('./commands/rollout-watch.ts')),
  entry('rollout log', 'print what was said on a host', () => import('./commands/rollout-log.ts')),
  entry('rollout pause', 'begin no further host', () => import('./commands/rollout-pause.ts')),
  entry('rollout abort', 'end a rollout', () => import('./commands/rollout-abort.ts')),
  entry('host list', 'list the hosts that a server rolled out to', () => import('./commands/host-list.ts')),
  entry('host cordon', 'leave hosts out of rollouts', () => import('./commands/host-cordon.ts')),
  entry(
    'host uncordon',
    'let hosts take part in rollouts again',
    () => import('./commands/host-uncordon.ts'),
  ),
  entry('host remove', 'forget a host that is no more', () => import('./commands/host-remove.ts')),
  entry('gc', 'let go what nothing keeps', () => import('./commands/gc.ts')),

  entry('user create', 'make a user of the server, or change one', () => import('./commands/user-create.ts')),
  entry('user list', 'list the users of the server', () => import('./commands/user-list.ts')),
  entry('user delete', 'take a user away', () => import('./commands/user-delete.ts')),
  entry('token create', 'make a token for programs', () => import('./commands/token-create.ts')),
  entry('token list', 'list tokens', () => import('./commands/token-list.ts')),
  entry('token revoke', 'take a token back', () => import('./commands/token-revoke.ts')),

  entry(
    'cache serve',
    'serve the local store as a signed binary cache',
    () => import('./commands/cache-serve.ts'),
  ),
  entry('cache gc', 'let caches go what nothing keeps', () => import('./commands/cache-gc.ts')),
  entry(
    'cache scrub',
    'read every stored NAR again, and mend what is damaged',
    () => import('./commands/cache-scrub.ts'),
  ),
  entry('cache list', 'list the caches of a server', () => import('./commands/cache-list.ts')),
  entry('cache show', 'show a cache, its pins and tokens', () => import('./commands/cache-show.ts')),
  entry('cache create', 'make another cache', () => import('./commands/cache-create.ts')),
  entry('cache edit', 'change the settings of a cache', () => import('./commands/cache-edit.ts')),
  entry('cache delete', 'delete a cache with its paths', () => import('./commands/cache-delete.ts')),
  entry('cache token create', 'make a token for a cache', () => import('./commands/cache-token-create.ts')),
  entry('cache token list', 'list the tokens of a cache', () => import('./commands/cache-token-list.ts')),
  entry(
    'cache token revoke',
    'take a token of a cache back',
    () => import('./commands/cache-token-revoke.ts'),
  ),
  entry('cache pin', 'keep a path in a cache', () => import('./commands/cache-pin.ts')),
  entry('cache unpin', 'remove a pin', () => import('./commands/cache-unpin.ts')),
  entry('cache push', 'upload paths to a cache', () => import('./commands/cache-push.ts')),
  entry(
    'cache watch-store',
    'upload what becomes valid in the store',
    () => import('./commands/cache-watch-store.ts'),
  ),
  entry(
    'cache trust',
    'print what clients of a cache need, and a command that proves it',
    () => import('./commands/cache-trust.ts'),
  ),
  entry(
    'cache nginx',
    'print the configuration of an nginx in front of a cache',
    () => import('./commands/cache-nginx.ts'),
  ),
  entry(
    'key generate',
    'make a key that signs what a cache serves',
    () => import('./commands/key-generate.ts'),
  ),
  entry(
    'doctor',
    'say what is wrong with this set-up, and how to mend it',
    () => import('./commands/doctor.ts'),
  ),
];
