/**
 * Hosts that are only data, and steps that change them as real ones do: what was done is remembered on the host, so that a
 * step which is repeated after a crash does nothing twice. For tests of the engine, which decides what is done and when.
 */

import { parseStorePath, type StorePath } from '../../nix/store-path.ts';
import type { PlannedHost } from '../deploy-plan.ts';
import type {
  Activated,
  HostSteps,
  OpenHostSteps,
  SecretsUploaded,
  StepOptions,
} from '../rollout/host-steps.ts';
import type { HostFacts } from '../session/host-facts.ts';

export const oldSystem = parseStorePath(`/nix/store/${'0'.repeat(32)}-system-old`);

export interface FakeHost {
  current: StorePath;
  profile: StorePath;
  readonly store: Set<StorePath>;
  readonly secrets: Set<string>;
  /** The one of a rollout, with what it ran before. */
  activation: { rollout: string; before: StorePath; kept: boolean; reboots: number } | undefined;
  lockedBy: string | undefined;
  /** What changed on it, in order: each once however often it is asked. */
  readonly effects: string[];
}

export interface FakeFleet {
  readonly hosts: ReadonlyMap<string, FakeHost>;
  readonly open: OpenHostSteps;
}

export interface FakeBehaviour {
  /** Throws what goes wrong in that step of that host. */
  readonly fail?: (host: string, step: string) => void;
  readonly activated?: (host: string) => Activated;
  readonly partial?: (host: string) => readonly string[];
  /** Waited for before and after every change of a host. */
  readonly gate?: (point: string, options: StepOptions) => Promise<void>;
  /** Told when a step of a host begins and ends. */
  readonly onStep?: (host: string, step: string, edge: 'begin' | 'end') => void;
}

export function fakeFleet(names: readonly string[], behaviour: FakeBehaviour = {}): FakeFleet {
  const hosts = new Map(
    names.map((name): [string, FakeHost] => [
      name,
      {
        current: oldSystem,
        profile: oldSystem,
        store: new Set([oldSystem]),
        secrets: new Set(),
        activation: undefined,
        lockedBy: undefined,
        effects: [],
      },
    ]),
  );
  return {
    hosts,
    open: (host, rollout) => {
      const state = hosts.get(host.name);
      if (state === undefined) throw new Error(`no such host: ${host.name}`);
      return fakeSteps(host, rollout, state, behaviour);
    },
  };
}

function fakeSteps(host: PlannedHost, rollout: string, state: FakeHost, behaviour: FakeBehaviour): HostSteps {
  const { gate = async () => {}, onStep = () => {} } = behaviour;
  const doing = async <T>(step: string, options: StepOptions, change: () => T): Promise<T> => {
    onStep(host.name, step, 'begin');
    try {
      await gate(`${host.name} ${step}`, options);
      options.signal.throwIfAborted();
      behaviour.fail?.(host.name, step);
      options.onLine(`${step} on ${host.name}`);
      const result = change();
      await gate(`${host.name} ${step} done`, options);
      return result;
    } finally {
      onStep(host.name, step, 'end');
    }
  };
  const once = (effect: string, change: () => void): void => {
    change();
    if (!state.effects.includes(effect)) state.effects.push(effect);
  };
  return {
    begin: (options) =>
      doing('begin', options, () => {
        if (state.lockedBy !== undefined && state.lockedBy !== rollout) throw new Error('locked');
        state.lockedBy = rollout;
        return factsOf(state);
      }),
    preDeployChecks: (options) => doing('pre-deploy-checks', options, () => {}),
    copy: (options) =>
      doing('copy', options, () => {
        once('copied', () => state.store.add(host.toplevel));
        return { paths: 1, bytes: 1, substituted: 0 };
      }),
    secrets: (phase, options) =>
      doing(`secrets ${phase}`, options, (): SecretsUploaded => {
        once(`secrets ${phase}`, () => state.secrets.add(phase));
        return { uploaded: [phase], unchanged: [], partial: behaviour.partial?.(host.name) ?? [] };
      }),
    activate: (action, options) =>
      doing('activate', options, () => {
        const result = behaviour.activated?.(host.name) ?? { state: 'active' };
        if (state.activation?.rollout === rollout) return result;
        if (!state.store.has(host.toplevel)) throw new Error('was not copied');
        if (action === 'dry-activate') return result;
        once(`activated ${action}`, () => {
          state.activation = { rollout, before: state.current, kept: false, reboots: 0 };
          if (action !== 'boot' && result.state !== 'needs-reboot') state.current = host.toplevel;
          if (action !== 'test') state.profile = host.toplevel;
        });
        return result;
      }),
    confirm: (options) => doing('confirm', options, () => once('confirmed', () => {})),
    healthChecks: (options) => doing('health-checks', options, () => {}),
    keep: (options) =>
      doing('keep', options, () => {
        once('kept', () => {
          if (state.activation !== undefined) state.activation.kept = true;
        });
      }),
    reboot: (options) =>
      doing('reboot', options, () => {
        if (state.activation?.reboots === 1) return;
        if (state.activation !== undefined) state.activation.reboots = 1;
        state.current = state.profile;
        state.effects.push('rebooted');
      }),
    rollBack: (options) =>
      doing('roll-back', options, () =>
        once('rolled back', () => {
          const { before } = state.activation ?? { before: oldSystem };
          state.current = before;
          state.profile = before;
        }),
      ),
    async [Symbol.asyncDispose]() {
      onStep(host.name, 'close', 'begin');
      state.lockedBy = undefined;
    },
  };
}

function factsOf(state: FakeHost): HostFacts {
  return {
    current: state.current,
    booted: state.current,
    profile: state.profile,
    generation: 1,
    generations: [],
    bootId: 'boot',
    needsReboot: false,
    failedUnits: [],
    freeBytes: 1e12,
    user: 'root',
    hasSystemd: true,
    trusted: true,
    activation: undefined,
  };
}
