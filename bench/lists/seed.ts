/**
 * Fills an empty database with a farm's history, by few large statements that both engines take: 5 projects of 4
 * jobsets of 500 jobs each; in every evaluation two fifths of the jobs are built anew and the others taken over, an
 * evaluation every hour or so in turn. The newest tenth of the builds is queued, every eleventh finished one failed.
 */

import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../../src/db/connection.ts';
import type { Schema } from '../../src/db/schema.ts';

export interface Seed {
  readonly jobsets: number;
  readonly jobs: number;
  /** Of each jobset. */
  readonly evaluations: number;
  readonly builds: number;
  readonly queued: number;
}

const projects = 5;
const jobsets = 20;
const jobs = 500;
const newJobs = (jobs / 5) * 2;
const start = Date.UTC(2025, 0, 1);
const hourMs = 3_600_000;

export async function seed(db: Kysely<Schema>, dialect: Dialect, wantedBuilds: number): Promise<Seed> {
  const evaluations = Math.max(2, Math.round((wantedBuilds / jobsets - jobs) / newJobs) + 1);
  const builds = jobsets * (jobs + (evaluations - 1) * newJobs);
  const queued = Math.round(builds / 10);
  const statements = seedStatements(dialect, evaluations, builds - queued);
  await db.transaction().execute(async (transaction) => {
    for (const statement of statements) await sql.raw(statement).execute(transaction);
  });
  if (dialect === 'postgres') await sql`vacuum analyze`.execute(db);
  return { jobsets, jobs, evaluations, builds, queued };
}

/** Numbers `name` from 0 up to `count`, as a table expression. */
function numbers(name: string, count: number): string {
  return `${name}(${name}) as (select cast(0 as bigint) union all select ${name} + 1 from ${name} where ${name} < ${count - 1})`;
}

function seedStatements(dialect: Dialect, evaluations: number, finished: number): readonly string[] {
  const hash = dialect === 'postgres' ? 'md5(random()::text)' : 'lower(hex(randomblob(16)))';
  // Job j of evaluation k was last built anew in evaluation `since`; r says where in the cycle of five it is.
  const r = '((j + k) % 5)';
  const since = `(case when ${r} < 2 then k when k - ${r} + 1 < 0 then 0 else k - ${r} + 1 end)`;
  const build = (k: string) => `(case when ${k} = 0 then s * ${jobs} + j + 1
    else ${jobsets * jobs} + ((${k} - 1) * ${jobsets} + s) * ${newJobs} + 2 * (j / 5) + ((j + ${k}) % 5) + 1 end)`;
  const all = `with recursive ${numbers('s', jobsets)}, ${numbers('k', evaluations)}, ${numbers('j', jobs)}`;
  const queuedAt = `(${start} + (k * ${jobsets} + s) * ${hourMs})`;
  const status = `(case when id > ${finished} then null when id % 11 = 0 then 1 else 0 end)`;
  const settle = [
    `update evaluations set total = c.total, scheduled = c.scheduled, succeeded = c.succeeded, failed = c.failed
     from (select m.evaluation_id, count(*) as total, sum(case when b.finished = 0 then 1 else 0 end) as scheduled,
       sum(case when b.status = 0 then 1 else 0 end) as succeeded, sum(case when b.status > 0 then 1 else 0 end) as failed
       from evaluation_builds m join builds b on b.id = m.build_id group by m.evaluation_id) c
     where c.evaluation_id = evaluations.id`,
    `update jobs set finished = c.n from (select job_id, count(*) as n from builds where finished = 1 group by job_id) c
     where c.job_id = jobs.id`,
    `insert into finished_builds select b.jobset_id, j.system, count(*)
     from builds b join jobs j on j.id = b.job_id where b.finished = 1 group by 1, 2`,
    `insert into queued_per_hour select queued_at / ${hourMs}, b.jobset_id, j.system, count(*)
     from builds b join jobs j on j.id = b.job_id group by 1, 2, 3`,
    `update jobsets set current_evaluation_id = (select max(id) from evaluations e where e.jobset_id = jobsets.id)`,
  ];
  const rows = [
    `insert into projects (id, name, owner, enabled, hidden, enable_dynamic_run_command)
     with recursive ${numbers('p', projects)} select p + 1, 'project' || p, 'alice', 1, 0, 0 from p`,
    `insert into jobsets (id, project_id, name, type, nix_expr_input, nix_expr_path, state, hidden, enable_email,
       keep_evaluations, check_interval, scheduling_shares, allow_import_from_derivation, enable_dynamic_run_command)
     with recursive ${numbers('s', jobsets)}
     select s + 1, s % ${projects} + 1, 'jobset' || s, 0, 'src', 'release.nix', 1, 0, 0, 3, 300, 100, 0, 0 from s`,
    `insert into jobs (id, jobset_id, name, system)
     ${all} select s * ${jobs} + j + 1, s + 1, 'pkgs.group' || (j % 25) || '.package-' || j,
       case when j % 5 = 4 then 'aarch64-linux' else 'x86_64-linux' end from s, j`,
    `insert into evaluations (id, jobset_id, state, started_at, finished_at, checkout_ms, evaluation_ms, has_new_builds,
       input_hash, nix_expr_input, nix_expr_path)
     ${all} select k * ${jobsets} + s + 1, s + 1, 'done', ${queuedAt}, ${queuedAt} + 60000, 900, 59000, 1,
       ${hash}, 'src', 'release.nix' from k, s`,
    `insert into evaluation_inputs (evaluation_id, position, name, type, uri, revision, path, sha256)
     select e.id, p, 'input' || p, 'git', 'https://example.org/input' || p || '.git', ${hash},
       '/nix/store/' || ${hash} || '-source', ${hash}
     from evaluations e, (select 0 as p union all select 1 union all select 2) i`,
    `insert into builds (id, jobset_id, job_id, nix_name, drv_path, description, license, homepage, maintainers,
       is_channel, priority, global_priority, queued_at, started_at, stopped_at, finished, status, size, closure_size,
       last_step)
     select id, jobset, job, 'package-' || id, '/nix/store/' || ${hash} || '-package-' || id || '.drv',
       'A package that does something', 'MIT', 'https://example.org/package', 'alice@example.org',
       0, 100 - job % 3, 0, queued_at, ${status} * 0 + queued_at + 1000, ${status} * 0 + queued_at + 2000 + id % 1800000,
       case when id > ${finished} then 0 else 1 end, ${status}, 1000000, 50000000,
       case when id > ${finished} then 1 else 2 end
     from (${all} select ${build('k')} as id, s + 1 as jobset, s * ${jobs} + j + 1 as job, ${queuedAt} as queued_at
       from k, s, j where k = 0 or ${r} < 2 order by 1) b`,
    `insert into build_outputs (build_id, name, path)
     select id, 'out', '/nix/store/' || ${hash} || '-package-' || id from builds`,
    `insert into build_outputs (build_id, name, path)
     select id, 'dev', '/nix/store/' || ${hash} || '-package-' || id || '-dev' from builds where id % 3 = 0`,
    `insert into evaluation_builds (evaluation_id, job_id, build_id, is_new)
     ${all} select k * ${jobsets} + s + 1, s * ${jobs} + j + 1, ${build(since)},
       case when k = 0 or ${r} < 2 then 1 else 0 end from k, s, j`,
    `insert into build_products (build_id, number, type, subtype, name, path, default_path)
     select o.build_id, 1, 'nix-build', '', 'package', o.path, '' from build_outputs o join builds b on b.id = o.build_id
     where o.name = 'out' and b.status = 0`,
    `insert into steps (build_id, number, type, drv_path, phase, status, started_at, stopped_at, builder, system, emulated,
       log_file, outputs)
     select b.id, n, 'build', b.drv_path, 0, b.status, b.started_at, b.stopped_at, 'builder' || (b.id % 7), 'x86_64-linux',
       0, 'ab/log', '{"out":"/nix/store/somewhere"}'
     from builds b, (select 1 as n union all select 2) i where b.finished = 1 and (n = 1 or b.id % 3 = 0)`,
    // Some of the queue is being built.
    `insert into steps (build_id, number, type, drv_path, phase, started_at, builder, system, emulated, outputs)
     select id, 1, 'build', drv_path, 30, queued_at, 'builder1', 'x86_64-linux', 0, '{}'
     from builds where id > ${finished} and id <= ${finished} + 40`,
  ];
  const sequences = ['projects', 'jobsets', 'jobs', 'evaluations', 'builds'].map(
    (table) => `select setval(pg_get_serial_sequence('${table}', 'id'), (select max(id) from ${table}))`,
  );
  return [...rows, ...settle, ...(dialect === 'postgres' ? sequences : [])];
}
