/** Bytes of memory that a process really holds (VmRSS); 0 when it is gone. */

import { readFile } from 'node:fs/promises';

export async function residentMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
