/**
 * What an upload of secrets that is no part of a rollout is called on the host while it has it. A rollout that finds the
 * host taken has nothing else to tell by, so the name says who it is. Pure.
 */

const prefix = 'secrets-by-';

/** `secrets-by-alice-laptop-k3x9`. `word`: letters and digits that tell uploads of the same person apart. */
export function uploadName(who: string, word: string): string {
  const plain = who
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 40);
  return `${prefix}${plain || 'somebody'}-${word}`;
}

/** For people: what has a host, by the name that it has there. */
export function holderName(name: string): string {
  return name.startsWith(prefix) ? `an upload of secrets (${name})` : `rollout ${name}`;
}
