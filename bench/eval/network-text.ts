/** The network that is evaluated, as the text of a Nix file: on a NixOS release, or made of the example network. */

import { nixString } from '../../src/nix/nix-string.ts';

export interface NetworkText {
  readonly hosts: readonly string[];
  readonly text: string;
}

/** One kind of machine each. These options exist under the same name in NixOS 16.09 and in all releases since. */
const kinds = [
  ['web', 'services.nginx.enable = true;'],
  ['db', 'services.postgresql.enable = true;'],
  ['shell', 'services.openssh.enable = true; services.fail2ban.enable = true;'],
  ['monitor', 'services.cadvisor.enable = true;'],
  ['name', 'services.unbound.enable = true; services.memcached.enable = true;'],
  ['container', 'virtualisation.docker.enable = true;'],
  ['file', 'services.samba.enable = true; services.nfs.server.enable = true;'],
  ['queue', 'services.rabbitmq.enable = true; services.tor.enable = true;'],
] as const;

/** Machines with different services; all share one package set, as in most network files. */
export function nixosNetwork(nixpkgs: string, machines: number): NetworkText {
  const hosts = Array.from({ length: machines }, (_, index) => {
    const [kind, services] = kinds[index % kinds.length] ?? kinds[0];
    return { name: `${kind}${number(index, kinds.length)}`, services };
  });
  const text = [
    `let pkgs = import ${nixString(nixpkgs)} { }; in`,
    '{',
    '  network.pkgs = pkgs;',
    '  defaults = {',
    '    boot.loader.grub.device = "/dev/vda";',
    '    fileSystems."/" = { device = "/dev/vda1"; fsType = "ext4"; };',
    '  };',
    ...hosts.map(({ name, services }) => `  ${name} = { ${services} };`),
    '}',
    '',
  ].join('\n');
  return { hosts: hosts.map(({ name }) => name), text };
}

/** The hosts of another network file over and over, under numbered names. `names` are those that the file has. */
export function repeatedNetwork(file: string, names: readonly string[], machines: number): NetworkText {
  if (names.length === 0) throw new Error(`${file} should have hosts, but has none`);
  const hosts = Array.from({ length: machines }, (_, index) => {
    const original = names[index % names.length] ?? '';
    return { name: `${original}-${number(index, names.length)}`, original };
  });
  const text = [
    `let original = import ${nixString(file)}; in`,
    `removeAttrs original [ ${names.map(nixString).join(' ')} ] // {`,
    ...hosts.map(({ name, original }) => `  ${nixString(name)} = original.${nixString(original)};`),
    '}',
    '',
  ].join('\n');
  return { hosts: hosts.map(({ name }) => name), text };
}

function number(index: number, period: number): string {
  return String(Math.floor(index / period) + 1).padStart(2, '0');
}
