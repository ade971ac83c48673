/** Projects and their members. */

import type { Connection } from './connection.ts';
import type { ProjectRepository } from './database.ts';
import { deleteJobset } from './delete-jobset.ts';
import { flag } from './flag.ts';
import type { ProjectRecord } from './records.ts';
import { mustExist, orTaken } from './taken.ts';

const columns = [
  'id',
  'name',
  'display_name as displayName',
  'description',
  'homepage',
  'owner',
  'enabled',
  'hidden',
  'enable_dynamic_run_command as enableDynamicRunCommand',
  'declarative_file as file',
  'declarative_type as type',
  'declarative_value as value',
] as const;

export function createProjectRepository(connection: Connection): ProjectRepository {
  const { db } = connection;
  const select = () => db.selectFrom('projects').select(columns);
  type Row = Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>;

  function record({ file, type, value, ...row }: Row): ProjectRecord {
    return {
      ...row,
      enabled: row.enabled === 1,
      hidden: row.hidden === 1,
      enableDynamicRunCommand: row.enableDynamicRunCommand === 1,
      declarative: file === null ? null : { file, type: type ?? '', value: value ?? '' },
    };
  }

  return {
    async list() {
      return (await select().orderBy('name').execute()).map(record);
    },
    async find(name) {
      const row = await select().where('name', '=', name).executeTakeFirst();
      return row && record(row);
    },
    async create(project) {
      const { id } = await orTaken(`a project named '${project.name}'`, () =>
        db.insertInto('projects').values(values(project)).returning('id').executeTakeFirstOrThrow(),
      );
      return { ...project, id };
    },
    async update(id, project) {
      const changed = await orTaken(`a project named '${project.name}'`, () =>
        db.updateTable('projects').set(values(project)).where('id', '=', id).executeTakeFirst(),
      );
      mustExist(changed, `project ${id}`);
    },
    delete: (id) =>
      connection.transaction(async (inside) => {
        const jobsets = await inside.db
          .selectFrom('jobsets')
          .select('id')
          .where('project_id', '=', id)
          .orderBy('id')
          .execute();
        for (const jobset of jobsets) await deleteJobset(inside, jobset.id);
        await inside.db.deleteFrom('projects').where('id', '=', id).execute();
      }),
    async members(id) {
      const rows = await db
        .selectFrom('project_members')
        .select('user_name')
        .where('project_id', '=', id)
        .orderBy('user_name')
        .execute();
      return rows.map((row) => row.user_name);
    },
    setMembers: (id, names) =>
      connection.transaction(async ({ db }) => {
        await db.deleteFrom('project_members').where('project_id', '=', id).execute();
        const rows = [...new Set(names)].map((name) => ({ project_id: id, user_name: name }));
        if (rows.length > 0) await db.insertInto('project_members').values(rows).execute();
      }),
  };
}

function values(project: Omit<ProjectRecord, 'id'>) {
  return {
    name: project.name,
    display_name: project.displayName,
    description: project.description,
    homepage: project.homepage,
    owner: project.owner,
    enabled: flag(project.enabled),
    hidden: flag(project.hidden),
    enable_dynamic_run_command: flag(project.enableDynamicRunCommand),
    declarative_file: project.declarative?.file ?? null,
    declarative_type: project.declarative?.type ?? null,
    declarative_value: project.declarative?.value ?? null,
  };
}
