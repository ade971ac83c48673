import { describe, expect, it } from 'vitest';
import type { UserRecord } from '../../db/records.ts';
import { type Action, may } from './may.ts';

const user = (name: string, ...roles: string[]): UserRecord => ({
  name,
  fullName: null,
  email: '',
  passwordHash: '!',
  emailOnError: false,
  type: 'hydra',
  publicDashboard: false,
  roles,
});

const everything: readonly Action[] = [
  'create-project',
  'edit-project',
  'delete-project',
  'edit-jobset',
  'delete-jobset',
  'evaluate',
  'cancel',
  'restart',
  'bump',
  'keep',
  'roll-out',
  'administer',
];
const project = { owner: 'olga', members: ['mia'] };
const allowed = (who: UserRecord | undefined): Action[] =>
  everything.filter((action) => may(who, action, project));

describe('may', () => {
  it('lets an administrator do everything', () => {
    expect(allowed(user('root', 'admin'))).toEqual(everything);
  });

  it.each([
    ['create-projects', ['create-project']],
    ['eval-jobset', ['evaluate']],
    ['cancel-build', ['cancel']],
    ['restart-jobs', ['restart']],
    ['bump-to-front', ['bump']],
    ['no-such-role', []],
    ['Admin', []],
  ])('lets the role %s do %j in every project', (role, actions) => {
    expect(allowed(user('someone', role))).toEqual(actions);
  });

  it.each(['olga', 'mia'])('lets %s, whose project it is, do all but what is for administrators', (name) => {
    expect(allowed(user(name))).toEqual([
      'edit-project',
      'delete-project',
      'edit-jobset',
      'evaluate',
      'cancel',
      'restart',
      'bump',
      'keep',
    ]);
  });

  it('lets an owner do nothing where no project is meant', () => {
    expect(everything.filter((action) => may(user('olga'), action))).toEqual([]);
  });

  it('lets others, and nobody in particular, do nothing', () => {
    expect(allowed(user('someone'))).toEqual([]);
    expect(allowed(undefined)).toEqual([]);
  });

  it('takes nobody for the owner of a project that has none', () => {
    expect(may(undefined, 'edit-project', { owner: '', members: [] })).toBe(false);
  });

  it('lets roll out only who has the role and belongs to the project', () => {
    expect(may(user('olga', 'roll-out'), 'roll-out', project)).toBe(true);
    expect(may(user('mia', 'roll-out'), 'roll-out', project)).toBe(true);
    expect(may(user('someone', 'roll-out'), 'roll-out', project)).toBe(false);
    expect(may(user('olga', 'roll-out'), 'roll-out')).toBe(false);
    expect(may(user('olga'), 'roll-out', project)).toBe(false);
  });
});
