/** Projects. */

import type { Hono } from 'hono';
import { may } from '../../ci/access/may.ts';
import { declarativeJobset } from '../../ci/declarative/declaration.ts';
import type { JobsetSettings, ProjectRecord } from '../../db/records.ts';
import { AppError } from '../../util/app-error.ts';
import { restorePasswords } from '../../util/blank-passwords.ts';
import type { ApiDeps, ApiEnv } from '../api-deps.ts';
import { projectName } from '../body/names.ts';
import { type ProjectBody, projectBody } from '../body/project-body.ts';
import { answer } from '../http/answer.ts';
import { baseUrl } from '../http/base-url.ts';
import { findProject, pathPart } from '../http/find-records.ts';
import { parseInput } from '../http/parse-input.ts';
import { readParams } from '../http/read-params.ts';
import { requirePermission } from '../http/require-permission.ts';
import { projectJson } from '../json/project-json.ts';
import { removeJobset } from '../remove-jobset.ts';
import { hidesPasswords } from '../shown-value.ts';

export function addProjectRoutes(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const { ci, settings } = deps;
  const { projects, jobsets, users } = ci.database;

  app.get('/', async (c) => {
    const [all, allJobsets] = await Promise.all([projects.list(), jobsets.list()]);
    const names = Map.groupBy(allJobsets, ({ projectId }) => projectId);
    const sorted = [...all].sort(
      (a, b) => Number(b.enabled) - Number(a.enabled) || (a.name < b.name ? -1 : 1),
    );
    const data = sorted.map((project) =>
      projectJson(
        project,
        (names.get(project.id) ?? []).map(({ name }) => name),
      ),
    );
    const links = [
      { text: 'Queue', href: '/queue' },
      { text: 'Evaluations', href: '/evals' },
      ...sorted.map(({ name, displayName }) => ({ text: displayName, href: `/project/${name}` })),
    ];
    return answer(c, { title: 'Projects', data, links });
  });

  app.get('/project/:project', async (c) => {
    const project = await findProject(c, deps);
    const names = (await jobsets.list(project.id)).map(({ name }) => name);
    return answer(c, {
      title: project.displayName,
      data: projectJson(project, names),
      links: names.map((name) => ({ text: name, href: `/jobset/${project.name}/${name}` })),
    });
  });

  app.put('/project/:project', async (c) => {
    const name = pathPart(c, 'project');
    const known = await projects.find(name);
    const user = await requirePermission(
      c,
      deps,
      known === undefined ? 'create-project' : 'edit-project',
      known,
    );
    const body = parseInput(projectBody, await readParams(c));
    const asked = may(user, 'administer') ? body.owner : undefined;
    if (asked !== undefined && (await users.find(asked)) === undefined) {
      throw new AppError('api.invalid', `owner: there is no user ‘${asked}’`);
    }
    const owner = asked ?? known?.owner ?? user.name;
    const record = projectRecord(
      { ...body, declarative: declared(body.declarative, known) },
      known?.name ?? parseInput(projectName, name),
      owner,
    );
    const uri = `${baseUrl(c, settings)}/project/${record.name}`;
    if (known === undefined) {
      const made = await projects.create(record);
      await applyDeclaration(made);
      return answer(c, {
        title: `Project ${made.name}`,
        data: { name: made.name, uri, redirect: uri, type: 'project' },
        status: 201,
        headers: { Location: uri },
      });
    }
    await projects.update(known.id, record);
    await applyDeclaration({ ...record, id: known.id });
    return answer(c, { title: `Project ${record.name}`, data: { redirect: `${uri}#tabs-configuration` } });
  });

  app.delete('/project/:project', async (c) => {
    const project = await findProject(c, deps);
    await requirePermission(c, deps, 'delete-project', project);
    for (const jobset of await jobsets.list(project.id)) {
      await removeJobset(ci, jobset, () => jobsets.delete(jobset.id));
    }
    await projects.delete(project.id);
    const uri = `${baseUrl(c, settings)}/`;
    return answer(c, { title: 'Deleted', data: { redirect: uri }, headers: { Location: uri } });
  });

  /** A declarative project has the jobset that declares the others; another has not. */
  async function applyDeclaration(project: ProjectRecord): Promise<void> {
    const known = await jobsets.find(project.name, declarativeJobset);
    if (project.declarative === null) {
      if (known !== undefined) await removeJobset(ci, known, () => jobsets.delete(known.id));
      return;
    }
    const jobset = known ?? (await jobsets.create(project.id, declarativeSettings));
    ci.evaluations.jobsetChanged(jobset.id);
    await ci.evaluations.trigger(jobset.id);
  }
}

const declarativeSettings: JobsetSettings = {
  name: declarativeJobset,
  description: '',
  type: 0,
  nixExprInput: '',
  nixExprPath: '',
  flake: null,
  state: 1,
  hidden: false,
  enableEmail: false,
  emailOverride: '',
  keepEvaluations: 3,
  checkInterval: 300,
  schedulingShares: 100,
  allowImportFromDerivation: false,
  enableDynamicRunCommand: false,
  inputs: [],
};

/** With the password that is known where the blanked one comes back. Throws `api.invalid`. */
function declared(
  wanted: ProjectBody['declarative'],
  known: ProjectRecord | undefined,
): ProjectBody['declarative'] {
  if (wanted === null || !hidesPasswords(wanted.type)) return wanted;
  const before = known?.declarative;
  const olds = before == null || !hidesPasswords(before.type) ? [] : [before.value];
  const value = restorePasswords(wanted.value, olds);
  if (value !== undefined) return { ...wanted, value };
  throw new AppError(
    'api.invalid',
    'declarative: *** stands for a password that is known already, and none is for that user and host',
    { hint: 'Give the address with its password.' },
  );
}

function projectRecord(body: ProjectBody, name: string, owner: string): Omit<ProjectRecord, 'id'> {
  return {
    name: body.name ?? name,
    displayName: body.displayname,
    description: body.description,
    homepage: body.homepage,
    owner,
    enabled: body.enabled,
    hidden: !body.visible,
    enableDynamicRunCommand: body.enable_dynamic_run_command,
    declarative: body.declarative,
  };
}
