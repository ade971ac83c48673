/** Why a host takes no part in rollouts, as people and journals are told. Pure. */

export function cordonWords({ by, reason }: { readonly by: string; readonly reason: string }): string {
  return `cordoned by ${by}${reason === '' ? '' : `: ${reason}`}`;
}
