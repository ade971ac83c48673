/** Does Nix ask the cache at all? Pure. */

import { type Check, ok, problem, warning } from '../check.ts';
import type { SettingsInForce } from './find-settings.ts';

export function checkSubstituters(
  url: string,
  { client, effective, daemon }: Pick<SettingsInForce, 'client' | 'effective' | 'daemon'>,
): readonly Check[] {
  const name = 'substituters';
  const add = `add to /etc/nix/nix.conf: extra-substituters = ${url}${daemon === undefined ? '' : ' , then: systemctl restart nix-daemon'}`;
  const has = (list: readonly string[]): boolean => list.some((entry) => sameCache(entry, url));
  if (has(effective.substituters)) return [ok(name, `name ${url}`)];
  const mayChoose = has(effective['trusted-substituters']);
  if (daemon === undefined || daemon.trusted) {
    return [problem(name, `do not name ${url}, so Nix never asks it`, add)];
  }
  if (mayChoose && has(client.substituters)) {
    return [ok(name, `your own name ${url}, and the daemon allows it (trusted-substituters)`)];
  }
  if (mayChoose) {
    return [
      warning(
        name,
        `do not name ${url}; the daemon only allows you to ask it (trusted-substituters)`,
        `ask for it with: --option extra-substituters ${url} , or ${add}`,
      ),
    ];
  }
  if (has(client.substituters)) {
    return [
      problem(
        name,
        `in your own configuration name ${url}, but the daemon does not trust you and ignores that ("ignoring untrusted substituter")`,
        add,
      ),
    ];
  }
  return [problem(name, `of the daemon do not name ${url}, so Nix never asks it`, add)];
}

/** True when an entry of `substituters` is that cache; it may have parameters. */
export function sameCache(entry: string, url: string): boolean {
  return plain(entry) === plain(url);
}

function plain(text: string): string {
  const address = text.split('?')[0] ?? '';
  return URL.canParse(address) ? new URL(address).href.replace(/\/+$/, '') : address;
}
