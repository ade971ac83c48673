import { describe, expect, it } from 'vitest';
import { runProcess } from '../process/run-process.ts';
import { startProcess } from '../process/start-process.ts';
import { isAlive } from '../process/testing/is-alive.ts';
import { watchedCommand } from './watched-command.ts';

/** Runs the words as a login shell does that sshd starts. */
function line(words: readonly string[]): readonly [string, ...string[]] {
  return ['sh', '-c', `${watchedCommand(words).join(' ')}; true`];
}

describe('watchedCommand', () => {
  it('runs the command with its words as they are, and its input', async () => {
    const { stdout } = await runProcess(
      line(['sh', '-c', 'cat; printf "[%s]" "$@"', 'x', 'a b', "it's", '$HOME']),
      {
        input: 'in',
      },
    );

    expect(stdout).toBe("in[a b][it's][$HOME]");
  });

  it('ends the command when whoever started it is gone', async () => {
    // `setsid` keeps the command from being killed with the group of what stands for sshd.
    const words = watchedCommand(['sh', '-c', 'echo $$; exec setsid sleep 1000']).join(' ');
    const session = await startProcess(['sh', '-c', `${words}; true`]);
    const pid = Number(await new Promise((resolve) => session.stdout.once('data', resolve)));

    process.kill(session.pid, 'SIGKILL');

    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
    await session.kill();
  });
});
