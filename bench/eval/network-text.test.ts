import { describe, expect, it } from 'vitest';
import { nixosNetwork, repeatedNetwork } from './network-text.ts';

describe('nixosNetwork', () => {
  it('has as many machines as wanted, each of another kind', () => {
    const { hosts, text } = nixosNetwork('/src/nixpkgs', 8);

    expect(new Set(hosts).size).toBe(8);
    expect(new Set(hosts.map((host) => text.match(new RegExp(`^  ${host} = (.*)$`, 'm'))?.[1])).size).toBe(8);
  });

  it('begins anew after the last kind', () => {
    const { hosts, text } = nixosNetwork('/src/nixpkgs', 9);

    expect([hosts[0], hosts[8]]).toEqual(['web01', 'web02']);
    expect(text).toContain('  web02 = { services.nginx.enable = true; };\n');
  });

  it('takes any path for the tree', () => {
    expect(nixosNetwork('/a "b"\\c', 2).text).toContain(String.raw`import "/a \"b\"\\c" { }`);
  });
});

describe('repeatedNetwork', () => {
  it('numbers the hosts of the file, and keeps what else is in it', () => {
    const { hosts, text } = repeatedNetwork('/net.nix', ['db', 'web'], 5);

    expect(hosts).toEqual(['db-01', 'web-01', 'db-02', 'web-02', 'db-03']);
    expect(text).toContain('removeAttrs original [ "db" "web" ] // {');
    expect(text).toContain('  "db-03" = original."db";\n');
  });

  it('refuses a file without hosts', () => {
    expect(() => repeatedNetwork('/net.nix', [], 2)).toThrow('/net.nix should have hosts, but has none');
  });
});
