/** Declarative projects, both kinds, through a real evaluation and build. */

import { describe, expect, it } from 'vitest';
import { jobsetRecord } from '../../src/ci/testing/records.ts';
import type { JobsetRecord } from '../../src/db/records.ts';
import { type CiFixture, ciFixture } from './ci-fixture.ts';

/** A project whose declaration is a file of the fixture's repository. */
async function declare(fixture: CiFixture, file = 'spec.json'): Promise<JobsetRecord> {
  const { database, repository, ci } = fixture;
  const project = await database.projects.create({
    name: 'declared',
    displayName: 'Declared',
    description: '',
    homepage: '',
    owner: 'root',
    enabled: true,
    hidden: false,
    enableDynamicRunCommand: false,
    declarative: { file, type: 'git', value: repository.url },
  });
  const settings = { name: '.jobsets', nixExprInput: '', nixExprPath: '', checkInterval: 0 };
  const jobset = await database.jobsets.create(project.id, jobsetRecord(settings));
  ci.evaluations.jobsetChanged(jobset.id);
  return jobset;
}

/** Evaluates `.jobsets` and says how it ended, and with what message. */
async function run(fixture: CiFixture, jobset: JobsetRecord): Promise<string> {
  const since = fixture.events.length;
  await fixture.ci.evaluations.trigger(jobset.id);
  const ended = await fixture.seen('ci.evaluation.ended', (event) => event.jobset === '.jobsets', since);
  return ended.message === null ? ended.state : `${ended.state}: ${ended.message}`;
}

const find = (fixture: CiFixture, name: string) => fixture.database.jobsets.find('declared', name);
const main = (url: string, more: object = {}) => ({
  nixexprinput: 'src',
  nixexprpath: 'release.nix',
  checkinterval: 0,
  inputs: { src: { type: 'git', value: url } },
  ...more,
});
const nothing = '{ ... }: { }';

describe('a declaration that lists jobsets', () => {
  it('makes, changes and hides them, and they are evaluated', async () => {
    await using fixture = await ciFixture();
    const { repository } = fixture;
    const jobset = await declare(fixture);
    const push = (spec: object) => repository.push(nothing, { 'spec.json': JSON.stringify(spec) });

    await push({ main: main(repository.url, { checkinterval: 600 }), 'pr.7': main(repository.url) });
    expect(await run(fixture, jobset)).toBe('done');
    expect(await find(fixture, 'main')).toMatchObject({
      ...{ state: 1, hidden: false, keepEvaluations: 3, schedulingShares: 100, checkInterval: 600 },
      inputs: [{ name: 'src', type: 'git', value: repository.url }],
    });
    await fixture.seen('ci.evaluation.ended', (event) => event.jobset === 'main');
    expect(await run(fixture, jobset)).toBe('unchanged');

    await push({ main: main(repository.url, { description: 'changed' }) });
    expect(await run(fixture, jobset)).toBe('done');
    expect(await find(fixture, 'main')).toMatchObject({ description: 'changed' });
    expect(await find(fixture, 'pr.7')).toMatchObject({ state: 0, hidden: true });
  });

  it('that is wrong anywhere is an error of .jobsets, and changes nothing', async () => {
    await using fixture = await ciFixture();
    const { repository } = fixture;
    const jobset = await declare(fixture);
    const bad = {
      good: main(repository.url),
      'bad name': main(repository.url),
      strange: main(repository.url, { colour: 'red' }),
      typo: main(repository.url, { inputs: { src: { type: 'gti', value: '/x' } } }),
    };
    await repository.push(nothing, { 'spec.json': JSON.stringify(bad) });

    const said = await run(fixture, jobset);

    expect(said).toMatch(/^failed: spec\.json: /);
    expect(said).toContain('jobset "bad name": wanted a jobset name');
    expect(said).toContain('jobset "strange": there is no setting colour');
    expect(said).toContain('jobset "typo": Invalid input type ‘gti’');
    expect(await fixture.database.jobsets.list(jobset.projectId)).toHaveLength(1);
    expect((await find(fixture, '.jobsets'))?.errorMessage).toContain('spec.json: ');

    await repository.push(nothing, { 'spec.json': JSON.stringify({ good: main(repository.url) }) });
    expect(await run(fixture, jobset)).toBe('done');
    expect(await find(fixture, '.jobsets')).toMatchObject({ errorMessage: null });
  });

  it.each([
    ['missing.json', 'missing.json: wanted a file with JSON in it, there is none'],
    ['../../etc/passwd', '../../etc/passwd: wanted a file with JSON in it, there is none'],
    ['release.nix', 'release.nix: it is not JSON: '],
  ])('is not found at %s', async (file, message) => {
    await using fixture = await ciFixture();
    await fixture.repository.push(nothing);
    const jobset = await declare(fixture, file);

    expect(await run(fixture, jobset)).toContain(message);
  });
});

describe('a declaration that is built', () => {
  const spec = (url: string) => JSON.stringify(main(url, { description: 'makes the others' }));
  const builds = (jobsets: object, name = 'a') =>
    `{ declInput, projectName, ... }: {
      jobsets = job "declared-\${projectName}-${name}" ''
        echo '${JSON.stringify(jobsets)}' > $out
      '';
    }`;

  it('makes what its job gives, also after a restart, and nothing when that is wrong', async () => {
    await using fixture = await ciFixture();
    const { repository, directory } = fixture;
    const jobset = await declare(fixture);
    const files = { 'spec.json': spec(repository.url) };

    await repository.push(builds({ main: main(repository.url) }), files);
    expect(await run(fixture, jobset)).toBe('done');
    await expect.poll(() => find(fixture, 'main'), { timeout: 30_000 }).toMatchObject({ state: 1 });
    expect(await find(fixture, '.jobsets')).toMatchObject({
      description: 'makes the others',
      nixExprInput: 'src',
    });

    await repository.push(builds({ main: main(repository.url), other: { enabled: 'x' } }, 'b'), files);
    expect(await run(fixture, jobset)).toBe('done');
    await expect
      .poll(async () => (await find(fixture, '.jobsets'))?.errorMessage, { timeout: 30_000 })
      .toMatch(/^build \d+ of declared:\.jobsets: jobset "other": /);
    expect(await find(fixture, 'other')).toBeUndefined();
    expect(await find(fixture, 'main')).toMatchObject({ state: 1 });

    await repository.push(builds({ third: main(repository.url) }, 'c'), files);
    expect(await run(fixture, jobset)).toBe('done');
    await expect.poll(() => find(fixture, 'third'), { timeout: 30_000 }).toMatchObject({ state: 1 });
    expect(await find(fixture, 'main')).toMatchObject({ state: 0, hidden: true });
    expect(await find(fixture, '.jobsets')).toMatchObject({ errorMessage: null });

    // As if the server had been killed before it could make them so.
    const third = await find(fixture, 'third');
    await fixture.database.jobsets.delete(third?.id ?? 0);
    await fixture.ci[Symbol.asyncDispose]();
    await using again = await ciFixture({ directory });
    await expect.poll(() => find(again, 'third'), { timeout: 30_000 }).toMatchObject({ state: 1 });
  });

  it('must give one job of that name', async () => {
    await using fixture = await ciFixture();
    const { repository } = fixture;
    const jobset = await declare(fixture);
    await repository.push('{ ... }: { jobsets = job "x" "echo > $out"; more = job "y" "echo > $out"; }', {
      'spec.json': spec(repository.url),
    });

    expect(await run(fixture, jobset)).toContain("wanted one job, 'jobsets', of a declarative project");
    expect(await fixture.database.builds.countUnfinished()).toBe(0);
  });
});
