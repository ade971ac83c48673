import { expect, it } from 'vitest';
import { type EvaluationHosts, renderEvaluationHosts } from './render-evaluation-hosts.ts';

const checks = { cmd: [], http: [] };
const host = (name: string, change: Partial<EvaluationHosts['hosts'][number]>) => ({
  name,
  build: 1,
  toplevel: null,
  missing: null,
  metadata: {
    name,
    targetHost: `${name}.example.org`,
    targetPort: null,
    targetUser: '',
    buildOnly: false,
    buildOnTarget: false,
    substituteOnDestination: false,
    tags: ['prod', 'eu'],
    secrets: {},
    preDeployChecks: checks,
    healthChecks: checks,
    nixosRelease: '',
    nixConfig: {},
  },
  ...change,
});

it('shows what can be rolled out, and why the rest cannot', () => {
  const lines = renderEvaluationHosts({
    evaluation: 3,
    project: 'fleet',
    jobset: 'main',
    orderingTags: [],
    hosts: [
      host('db', { toplevel: '/nix/store/x-db' }),
      host('web', { missing: 'its build 7 did not succeed' }),
    ],
    broken: [{ name: 'zoo', message: 'attribute missing' }],
  });

  expect(lines).toEqual([
    'host  address          tags     system',
    'db    db.example.org   prod eu  /nix/store/x-db',
    'web   web.example.org  prod eu  its build 7 did not succeed',
    'zoo   -                -        it did not evaluate',
  ]);
});
