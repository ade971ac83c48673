/**
 * True while a process exists and is not a zombie. One whose parent is gone stays a zombie for ever where process 1 does
 * not look after such orphans, as in many containers: signal 0 still reaches it.
 */

import { readFileSync } from 'node:fs';

export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
