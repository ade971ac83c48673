import { describe, expect, it } from 'vitest';
import { listSecretsJson, listSecretsText } from './list-secrets.ts';
import { networkSchema } from './network-schema.ts';

const { hosts } = networkSchema.parse({
  hosts: [
    {
      name: 'web01',
      secrets: {
        b: {
          source: '/abs/<b>.txt',
          destination: '/run/b',
          mkDirs: false,
          owner: { user: 'nginx', group: 'web' },
          permissions: '0440',
          uploadAt: 'post-activation',
        },
        a: { source: '../secrets/a.txt', destination: '/run/a', action: ['sudo', 'systemctl', 'reload'] },
      },
    },
    { name: 'db01' },
  ],
});

describe('listSecretsText', () => {
  it('is Morph’s, sorted', () => {
    expect(listSecretsText(hosts)).toBe(`Secrets for host web01:
a:
- \`../secrets/a.txt\` -> \`/run/a\`, with:
	Permissions: root:root, 0400
	Create remote directories: true
	Upload at: pre-activation
	Action: \`sudo systemctl reload\`
b:
- \`/abs/<b>.txt\` -> \`/run/b\`, with:
	Permissions: nginx:web, 0440
	Create remote directories: false
	Upload at: post-activation

Secrets for host db01:

`);
  });

  it('is empty without hosts', () => {
    expect(listSecretsText([])).toBe('');
  });
});

describe('secrets that are no files', () => {
  const [host] = networkSchema.parse({
    hosts: [
      {
        name: 'a',
        secrets: {
          c: { command: ['pass', 'show', 'x'], destination: '/c' },
          e: { age: { file: 'e.age' }, destination: '/e' },
          t: { text: 'hunter2', destination: '/t' },
        },
      },
    ],
  }).hosts;

  it('are told with where they come from, and no content', () => {
    const listed = listSecretsText(host ? [host] : []);
    expect(listed).toContain('- `output of pass show x` -> `/c`');
    expect(listed).toContain('- `e.age, decrypted with age` -> `/e`');
    expect(listed).toContain('- `a text in the network file` -> `/t`');
    const json = listSecretsJson(host ? [host] : [], '/srv');
    expect(JSON.parse(json)).toMatchObject({
      a: {
        c: { Source: '', Command: ['pass', 'show', 'x'] },
        e: { Source: '', Age: { File: '/srv/e.age' } },
      },
    });
    expect(listed + json).not.toContain('hunter2');
  });
});

describe('listSecretsJson', () => {
  it('is Morph’s: sorted, capital keys, absolute sources, escaped as Go does', () => {
    expect(listSecretsJson(hosts, '/srv/net')).toBe(`{
  "db01": {},
  "web01": {
    "a": {
      "Source": "/srv/secrets/a.txt",
      "Destination": "/run/a",
      "Owner": {
        "Group": "root",
        "User": "root"
      },
      "Permissions": "0400",
      "Action": [
        "sudo",
        "systemctl",
        "reload"
      ],
      "MkDirs": true,
      "UploadAt": "pre-activation"
    },
    "b": {
      "Source": "/abs/\\u003cb\\u003e.txt",
      "Destination": "/run/b",
      "Owner": {
        "Group": "web",
        "User": "nginx"
      },
      "Permissions": "0440",
      "Action": [],
      "MkDirs": false,
      "UploadAt": "post-activation"
    }
  }
}
`);
  });

  it('sorts names by bytes, even those that look like numbers', () => {
    const named = networkSchema.parse({ hosts: ['9', '10', 'ü', 'z'].map((name) => ({ name })) });

    expect(listSecretsJson(named.hosts, '/')).toBe('{\n  "10": {},\n  "9": {},\n  "z": {},\n  "ü": {}\n}\n');
  });

  it('is an empty object without hosts', () => {
    expect(listSecretsJson([], '/')).toBe('{}\n');
  });
});
