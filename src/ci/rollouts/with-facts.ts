/** Steps of a host that hand on what the host says of itself when they begin. */

import type { HostSteps } from '../../deploy/rollout/host-steps.ts';
import type { HostFacts } from '../../deploy/session/host-facts.ts';

export function withFacts(steps: HostSteps, save: (facts: HostFacts) => Promise<void>): HostSteps {
  const begin: HostSteps['begin'] = async (options) => {
    const facts = await steps.begin(options);
    if (facts !== undefined) await save(facts);
    return facts;
  };
  return new Proxy(steps, {
    get(target, name) {
      if (name === 'begin') return begin;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
