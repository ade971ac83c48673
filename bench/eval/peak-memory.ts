/**
 * Peak memory of child processes: the kernel keeps the largest resident size of each (VmHWM) as long as it lives, so
 * it is read again and again until the process is gone.
 */

import { readdir, readFile } from 'node:fs/promises';
import type { Argv } from '../../src/process/start-process.ts';

const periodMs = 25;

export class PeakMemory implements Disposable {
  readonly #peaks = new Map<number, number>();
  readonly #wanted: (argv: readonly string[]) => boolean;
  readonly #timer: NodeJS.Timeout;

  /** Watches those children of this process whose command line is wanted. */
  constructor(wanted: (argv: readonly string[]) => boolean) {
    this.#wanted = wanted;
    this.#timer = setInterval(() => void this.sample(), periodMs);
  }

  /** Bytes: the peaks of all processes seen so far, added up. */
  get sum(): number {
    return [...this.#peaks.values()].reduce((sum, peak) => sum + peak, 0);
  }

  get processes(): number {
    return this.#peaks.size;
  }

  async sample(): Promise<void> {
    await Promise.all(
      (await children()).map(async (pid) => {
        const argv = (await read(`/proc/${pid}/cmdline`)).split('\0');
        const peak = peakOf(await read(`/proc/${pid}/status`));
        if (this.#wanted(argv) && peak > 0) this.#peaks.set(pid, Math.max(peak, this.#peaks.get(pid) ?? 0));
      }),
    );
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** True for command lines that begin like this one, whatever path the program has. */
export function startsWith(...wanted: Argv): (argv: readonly string[]) => boolean {
  return ([program = '', ...args]) =>
    [program.slice(program.lastIndexOf('/') + 1), ...args].slice(0, wanted.length).join('\0') ===
    wanted.join('\0');
}

async function children(): Promise<readonly number[]> {
  const threads = await readdir('/proc/self/task');
  const lists = await Promise.all(threads.map((thread) => read(`/proc/self/task/${thread}/children`)));
  return lists.flatMap((list) =>
    list
      .split(' ')
      .filter((pid) => pid.trim() !== '')
      .map(Number),
  );
}

/** A process that is gone has no peak any more. */
function peakOf(status: string): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
