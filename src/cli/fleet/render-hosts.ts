/**
 * The hosts of a rollout as a table. Of more hosts than fit on a screen those that need somebody come last, where the eye
 * is when all has been printed, and then how many there are of each kind. Pure.
 */

import type { HostDiff } from '../../deploy/diff/host-diff.ts';
import { formatDuration } from '../../util/format-duration.ts';
import { type Cell, renderTable } from '../client/render-table.ts';
import { resultWords } from '../rollouts/result-words.ts';
import { changesInShort } from './changes-in-short.ts';
import { countKinds } from './count-kinds.ts';
import { withoutName } from './without-name.ts';

export interface ShownHost {
  readonly host: string;
  /** From 1; undefined where there is one only. */
  readonly wave: number | undefined;
  /** Undefined: it has none yet. */
  readonly result: string | undefined;
  /** Where it stands, without a result: `waits`. */
  readonly stands: string;
  readonly tookMs: number | undefined;
  readonly diff: HostDiff | undefined;
  readonly message: string;
}

/** What fits on a screen. */
const few = 20;
const concerns = ['failed', 'rolled-back', 'degraded', 'skipped'];

export function renderHosts(hosts: readonly ShownHost[]): readonly string[] {
  const has = (property: 'wave' | 'tookMs' | 'diff'): boolean =>
    hosts.some((host) => host[property] !== undefined);
  const columns: readonly (readonly [string, (host: ShownHost) => Cell])[] = [
    ['host', ({ host }) => host],
    ...(has('wave') ? [['wave', ({ wave }: ShownHost) => wave] as const] : []),
    ['result', wordOf],
    ...(has('tookMs') ? [['took', tookOf] as const] : []),
    ...(has('diff') ? [['changes', ({ diff }: ShownHost) => changesInShort(diff) || null] as const] : []),
    ['', ({ host, message }) => withoutName(host, message).replaceAll(/\s*\n\s*/g, ' ')],
  ];
  const sorted = hosts.length <= few ? hosts : hosts.toSorted((a, b) => concern(a) - concern(b));
  const table = renderTable(
    columns.map(([heading]) => heading),
    sorted.map((host) => columns.map(([, cell]) => cell(host))),
    'no hosts',
  );
  return hosts.length < 2 ? table : [...table, '', countKinds(sorted.map(wordOf))];
}

function wordOf({ result, stands }: ShownHost): string {
  if (result === undefined) return stands;
  return result in resultWords ? resultWords[result as keyof typeof resultWords] : result; // looked up just now
}

function tookOf({ tookMs }: ShownHost): Cell {
  return tookMs === undefined ? null : formatDuration(tookMs);
}

/** What is fine first, the worst last. */
function concern({ result }: ShownHost): number {
  if (result === 'deployed') return 0;
  const at = result === undefined ? -1 : concerns.indexOf(result);
  return at === -1 ? 1 : concerns.length + 1 - at;
}
