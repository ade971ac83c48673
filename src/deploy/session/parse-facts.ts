/**
 * The answer of a host to `facts.sh`, taken apart. The host is not trusted: what is not in the expected form is an
 * error, and nothing of it reaches anything else unparsed.
 */

import { isStorePath, type StorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import type { HostFacts, HostGeneration } from './host-facts.ts';

/** `trusted` is Nix's word, not the script's. */
export type AnsweredFacts = Omit<HostFacts, 'trusted'> & {
  /** sudo runs commands there without a password. */
  readonly hasSudo: boolean;
};

const prefix = 'proteus:';
const bootIdForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const unitForm = /^[A-Za-z0-9:_.\\@-]{1,255}$/;
const userForm = /^[A-Za-z0-9_][A-Za-z0-9_.@+\\-]{0,127}\$?$/;
export const rolloutForm = /^[a-z0-9-]{1,64}$/;
const stateForm = /^[a-z-]{1,32}$/;

/** Lines that others print (a login shell's greeting) are passed by. Throws `deploy.host-answer`. */
export function parseFacts(host: string, lines: readonly string[]): AnsweredFacts {
  const said = new Map<string, string[]>();
  for (const line of lines) {
    const match = line.startsWith(prefix) && /^([a-z-]+)(?:=(.*))?$/.exec(line.slice(prefix.length));
    if (!match) continue;
    const [, key = '', value = ''] = match;
    said.set(key, [...(said.get(key) ?? []), value]);
  }
  const refuse = (what: string, got: string | undefined): never => {
    throw new AppError(
      'deploy.host-answer',
      `${host}: asked for ${what}, it answered ${JSON.stringify((got ?? '').slice(0, 200))}`,
    );
  };
  if (!said.has('end')) refuse('how it stands', lines.slice(-5).join('\n'));
  const one = (key: string): string => said.get(key)?.[0] ?? '';
  const path = (key: string): StorePath | undefined => {
    const text = one(key);
    return text === '' || isStorePath(text) ? text || undefined : refuse(key, text);
  };
  const number = (what: string, text: string): number => {
    const value = Number(text);
    return /^\d{1,16}$/.test(text) && Number.isSafeInteger(value) ? value : refuse(what, text);
  };
  const matching = (what: string, form: RegExp): string =>
    form.test(one(what)) ? one(what) : refuse(what, one(what));

  const link = one('generation-link');
  const hasSystemd = one('systemd') === 'yes';
  return {
    current: path('current'),
    booted: path('booted'),
    profile: path('profile'),
    generation: generationOf(link),
    generations: parseGenerations(said.get('generation') ?? []),
    bootId: matching('boot-id', bootIdForm),
    needsReboot: one('needs-reboot') === 'yes',
    failedUnits:
      hasSystemd && one('units-asked') === 'yes'
        ? (said.get('failed-unit') ?? []).filter((unit) => unitForm.test(unit))
        : undefined,
    freeBytes: number('free', one('free')) * 1024,
    user: matching('user', userForm),
    hasSystemd,
    hasSudo: one('sudo') === 'yes',
    activation: parseActivation(said.get('activation') ?? []),
  };
}

function generationOf(link: string): number | undefined {
  const [, number] = /^(?:.*\/)?system-(\d{1,9})-link$/.exec(link) ?? [];
  return number === undefined ? undefined : Number(number);
}

/** Links that point elsewhere than into the store are nobody's generation. */
function parseGenerations(lines: readonly string[]): readonly HostGeneration[] {
  const generations = lines.flatMap((line) => {
    const [link = '', time = '', target = ''] = line.split(' ');
    const number = generationOf(link);
    if (number === undefined || !/^\d{1,12}$/.test(time) || !isStorePath(target)) return [];
    return [{ number, path: target, time: Number(time) }];
  });
  return generations.toSorted((one, other) => other.number - one.number);
}

/** The one that is alive; else the one that began last. */
function parseActivation(lines: readonly string[]): HostFacts['activation'] {
  let best: { rollout: string; state: string; rank: number } | undefined;
  let values = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf('=');
    if (at > 0) values.set(line.slice(0, at), line.slice(at + 1));
    if (line !== '.') continue;
    const rollout = values.get('rollout') ?? '';
    const state = values.get('state') ?? '';
    const rank = values.get('alive') === 'yes' ? Number.POSITIVE_INFINITY : Number(values.get('began')) || 0;
    if (rolloutForm.test(rollout) && stateForm.test(state) && rank >= (best?.rank ?? 0)) {
      best = { rollout, state, rank };
    }
    values = new Map();
  }
  return best === undefined ? undefined : { rollout: best.rollout, state: best.state };
}
