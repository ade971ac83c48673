/** The name in the store of what comes from a path or URL: its last component, made a name that Nix takes. */

import { isStorePath, storeDir } from '../../nix/store-path.ts';

export function storeName(pathOrUrl: string): string {
  const [plain = ''] = pathOrUrl.split(/[?#]/, 1);
  const last = plain.replace(/\/+$/, '').split('/').at(-1) ?? '';
  const name = last
    .replace(/[^0-9a-zA-Z+\-._?=]+/g, '-')
    .replace(/^\.+/, '')
    .slice(0, 200);
  return isStorePath(`${storeDir}/${'0'.repeat(32)}-${name}`) ? name : 'source';
}
