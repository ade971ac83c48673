/**
 * The load: a repository whose every revision changes some of its jobs, and what must become of each. Builds take from
 * nothing to two seconds; a third of them only the builders can do. One fails, one fails because of that, one fails with
 * output, one is an aggregate, one needs an import, and one takes long to evaluate, so that an evaluation can be met in
 * the middle.
 */

import { createRandom } from './random.ts';

export interface ExpectedBuild {
  readonly status: number;
  /** The text of the output, where that is a file. */
  readonly text: string | undefined;
}

const plainJobs = 12;
export const remoteSystem = 'i586-linux';

/** What a revision makes of its jobs, by name. */
export function expectedBuilds(revision: number): ReadonlyMap<string, ExpectedBuild> {
  const built = (text: string): ExpectedBuild => ({ status: 0, text });
  const plain = Array.from({ length: plainJobs }, (_, index): [string, ExpectedBuild] => {
    return [`job-${index}`, built(`${textOfJob(index, revision)}\n`)];
  });
  return new Map<string, ExpectedBuild>([
    ...plain,
    ['failing', { status: 1, text: undefined }],
    ['needs-failing', { status: 2, text: undefined }],
    ['with-output', { status: 6, text: undefined }],
    ['slow-to-evaluate', built(`slow ${revision}\n`)],
    ['imported', built(`word ${version(3, revision)}\n`)],
    ['all', built('all\n')],
  ]);
}

/** The release.nix of a revision. */
export function releaseText(revision: number): string {
  const random = createRandom(revision);
  const jobs = Array.from({ length: plainJobs }, (_, index) => {
    const system = index % 3 === 0 ? `system = "${remoteSystem}"; ` : '';
    const seconds = (random.next() * 2).toFixed(1);
    const script = `read x < $lib; echo working; sleep ${seconds}; echo ${textOfJob(index, revision)} > $out`;
    return `  job-${index} = sh "job-${index}" { ${system}inherit lib; v = "${version(index, revision)}"; } "${script}";`;
  });
  return `
let
  sh = name: attrs: script: derivation ({
    inherit name;
    system = "x86_64-linux";
    builder = "/bin/sh";
    args = [ "-c" script ];
    PATH = "";
  } // attrs);
  lib = sh "lib-${version(2, revision)}" { } "sleep 0.5; echo lib > $out";
in
{ ... }: rec {
${jobs.join('\n')}
  failing = sh "failing-${version(1, revision)}" { } "echo going to fail; sleep 0.3; exit 1";
  needs-failing = sh "needs-failing-${version(1, revision)}" { inherit failing; } "echo > $out";
  with-output = sh "with-output-${version(2, revision)}" { } "mkdir -p $out/nix-support; echo > $out/nix-support/failed";
  slow-to-evaluate = builtins.seq
    (builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 3000000))
    (sh "slow-to-evaluate" { } "echo slow ${revision} > $out");
  imported = sh "imported-\${import (sh "word-${version(3, revision)}" { } "sleep 0.3; echo '\\"word\\"' > $out")}" { }
    "echo word ${version(3, revision)} > $out";
  all = sh "all-${revision}" { _hydraAggregate = true; constituents = [ job-0 "job-1" "imported" ]; } "echo all > $out";
}
`;
}

/** Each job changes in its own rhythm. */
function version(index: number, revision: number): number {
  return Math.floor(revision / ((index % 4) + 1));
}

function textOfJob(index: number, revision: number): string {
  return `job ${index} at ${version(index, revision)}`;
}
