import { describe, expect, it } from 'vitest';
import { networkSchema } from './network-schema.ts';

describe('networkSchema', () => {
  it('gives what is missing or null the defaults of the options', () => {
    expect(networkSchema.parse({ hosts: [{ name: 'a', tags: null }] })).toEqual({
      hosts: [
        {
          name: 'a',
          targetHost: '',
          targetPort: null,
          targetUser: '',
          buildOnly: false,
          buildOnTarget: false,
          substituteOnDestination: false,
          tags: [],
          secrets: {},
          preDeployChecks: { cmd: [], http: [] },
          healthChecks: { cmd: [], http: [] },
          nixosRelease: '',
          nixConfig: {},
        },
      ],
      description: '',
      orderingTags: [],
    });
  });

  it('does not mind the case of keys, and leaves names alone', () => {
    const [host] = networkSchema.parse({
      Hosts: [
        {
          Name: 'a',
          TARGETPORT: 2222,
          BuildOnTarget: true,
          Secrets: {
            MySecret: { Source: 's', destination: '/d', MkDirs: false, UploadAt: 'post-activation' },
          },
          healthchecks: { HTTP: [{ Port: 80, Headers: { Host: 'x' }, insecureSsl: true }] },
          NixConfig: { Cores: '1' },
        },
      ],
      Meta: { Ordering: { Tags: ['t'] } },
    }).hosts;

    expect(host).toMatchObject({
      targetPort: 2222,
      buildOnTarget: true,
      secrets: { MySecret: { source: 's', mkDirs: false, uploadAt: 'post-activation' } },
      healthChecks: { http: [{ port: 80, headers: { Host: 'x' }, insecureSSL: true, period: 2 }] },
      nixConfig: { Cores: '1' },
    });
  });

  it('reads where secrets come from, and leaves out where they do not', () => {
    const secrets = {
      c: { source: '', command: ['pass'], text: null, age: null, destination: '/c' },
      e: { age: { file: 'x.age', identity: null }, destination: '/e' },
      i: { age: { file: 'x.age', identity: '/key' }, destination: '/i' },
      t: { text: '', destination: '/t' },
    };
    const read = networkSchema.parse({ hosts: [{ name: 'a', secrets }] }).hosts[0]?.secrets;
    expect(read?.c).toMatchObject({ source: '', command: ['pass'] });
    expect(Object.keys(read?.c ?? {})).not.toContain('text');
    expect(read?.e?.age).toEqual({ file: 'x.age' });
    expect(read?.i?.age).toEqual({ file: 'x.age', identity: '/key' });
    expect(read?.t?.text).toBe('');
  });

  it('ignores what old module systems leave in sets', () => {
    const _module = { args: { name: 'x' }, check: true };
    const [host] = networkSchema.parse({
      hosts: [
        {
          name: 'a',
          secrets: { s: { _module, source: 's', destination: '/d', owner: { _module, user: 'u' } } },
          healthChecks: { _module, cmd: [{ _module, description: 'd', cmd: null }], http: [] },
        },
      ],
    }).hosts;

    expect(host?.secrets.s?.owner).toEqual({ user: 'u', group: 'root' });
    expect(host?.healthChecks).toEqual({
      cmd: [{ description: 'd', cmd: null, period: 2, timeout: 5 }],
      http: [],
    });
  });

  it('refuses what has another type', () => {
    const result = networkSchema.safeParse({ hosts: [{ name: 'a', tags: 'db' }] });

    expect(result.error?.issues[0]).toMatchObject({ path: ['hosts', 0, 'tags'] });
  });
});
