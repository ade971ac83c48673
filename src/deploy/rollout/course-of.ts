/**
 * The steps of a host in their order. A host that runs its new system already is not activated anew; one that was left
 * half done goes on where it was, over `begin`, which connects and takes the host's lock again. Pure.
 */

import type { DeployPlan } from '../deploy-plan.ts';
import type { HostFacts } from '../session/host-facts.ts';
import type { HostStep } from './journal.ts';

/** All steps of a host that was not touched yet. `unchanged`: see `isUnchanged`. */
export function courseOf(plan: DeployPlan, unchanged: boolean): readonly HostStep[] {
  const { action } = plan;
  if (action === 'push') return ['begin', 'copy'];
  // After the copy: their programs may be part of the new system.
  const checks: readonly HostStep[] = plan.skipPreDeployChecks ? [] : ['pre-deploy-checks'];
  if (action === 'dry-activate') return ['begin', 'copy', ...checks, 'activate'];
  const health: readonly HostStep[] = plan.skipHealthChecks ? [] : ['health-checks'];
  const secretsBefore: readonly HostStep[] = plan.uploadSecrets ? ['secrets-before'] : [];
  const secretsAfter: readonly HostStep[] = plan.uploadSecrets ? ['secrets-after'] : [];
  const reboot: readonly HostStep[] = plan.reboot ? ['reboot'] : [];
  const runsIt = plan.reboot || action !== 'boot';
  const last = [...reboot, ...secretsAfter, ...(runsIt ? health : [])];
  if (unchanged) return ['begin', ...checks, ...secretsBefore, ...last];
  const first: readonly HostStep[] = ['begin', 'copy', ...checks, ...secretsBefore, 'activate'];
  if (action === 'boot') return [...first, ...last];
  // A reboot ends what waits on the host for `keep`.
  return plan.reboot ? [...first, 'confirm', 'keep', ...last] : [...first, 'confirm', ...last, 'keep'];
}

/** The steps that are left of a host that is half done, after those that were begun. */
export function restOf(plan: DeployPlan, begun: readonly HostStep[]): readonly HostStep[] {
  if (begun.includes('roll-back')) return ['begin', 'roll-back'];
  const course = courseOf(plan, !begun.includes('activate'));
  const from = (step: HostStep): readonly HostStep[] => ['begin', ...course.slice(course.indexOf(step))];
  if (begun.includes('reboot'))
    return from(begun.findLast((step) => course.includes(step) && step !== 'begin') ?? 'reboot');
  // The activation may not have begun, and what was copied may be gone. Else only its result is asked for.
  if (begun.findLast((step) => step !== 'begin' && step !== 'copy') === 'activate') {
    return ['begin', 'copy', ...from('activate').slice(1)];
  }
  return from('activate');
}

/** Whether the host has already what the plan wants of it, so that activating would change nothing. */
export function isUnchanged(plan: DeployPlan, toplevel: string, facts: HostFacts | undefined): boolean {
  if (facts === undefined || plan.force) return false;
  const { current, profile } = facts;
  if (plan.action === 'switch') return current === toplevel && profile === toplevel;
  if (plan.action === 'test') return current === toplevel;
  return plan.action === 'boot' && profile === toplevel;
}
