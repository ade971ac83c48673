/**
 * What is typed to a `nix repl`: first the worker function of nix/worker.nix with all it needs, then one line per job.
 * Each is one line, because the repl reads by lines, and takes the next line for the rest of an expression that is not
 * complete. Hence the root and the arguments must have been seen to parse (`find-syntax-error.ts`) before.
 */

import { readFileSync } from 'node:fs';
import { nixString, nixStringList } from '../nix/nix-string.ts';
import type { ConstituentOutput, EvaluationRequest, JobRequest } from './evaluation.ts';

/** The words that follow the nonce in messages from a worker. */
export const workerWords = {
  ready: 'ready',
  opened: 'opened',
  data: 'data',
  result: 'result',
  meta: 'meta',
  end: 'end',
} as const;

const workerFunction = oneLine(readFileSync(new URL('../../nix/worker.nix', import.meta.url), 'utf8'));

/** Defines the worker function, then says `ready`. */
export function setupInput(request: EvaluationRequest, nonce: string): string {
  const parameters = [
    `nonce = ${nixString(nonce)};`,
    requestExpression(request),
    `force = ${request.forceRecurse === true};`,
    `fresh = ${request.freshRoot};`,
  ].join(' ');
  return `proteusWorker = (${workerFunction}) { ${parameters} }\n${say(nonce, workerWords.ready)}`;
}

/** Describes what is at an attribute path, then says `end`. */
export function jobInput(
  { attrPath, also, constituents }: Omit<JobRequest, 'name'>,
  nonce: string,
  opening?: readonly string[],
): string {
  const parameters = [
    `path = ${nixStringList(attrPath)};`,
    `opening = ${opening === undefined ? 'null' : nixStringList(opening)};`,
    `also = ${also === undefined ? 'null' : nixStringList(also)};`,
    `constituents = ${constituents === undefined ? 'null' : `[ ${constituents.map(outputSet).join(' ')} ]`};`,
  ].join(' ');
  return `proteusWorker { ${parameters} }\n${say(nonce, workerWords.end)}`;
}

function outputSet({ drvPath, output, path }: ConstituentOutput): string {
  return `{ drvPath = ${nixString(drvPath)}; output = ${nixString(output)}; path = ${nixString(path)}; }`;
}

/** The parts of a request that are foreign Nix code, as members of an attribute set. */
export function requestExpression({ root, args = {} }: EvaluationRequest): string {
  const members = Object.entries(args).map(([name, value]) => `${nixString(name)} = (${onOneLine(value)});`);
  return `root = _: (${onOneLine(root)}); args = { ${members.join(' ')} };`;
}

function say(nonce: string, word: string): string {
  return `builtins.trace ${nixString(`${nonce} ${word}`)} null\n`;
}

/**
 * The expression on one line. One with line ends, or with what may be a comment, goes through a file in the store: to
 * put it on one line otherwise takes a parser.
 */
function onOneLine(expression: string): string {
  const plain = expression.trim();
  return isPlain(plain) ? plain : `import (builtins.toFile "root.nix" ${nixString(plain)})`;
}

/** Whether an expression can be typed to a repl as it is. */
export function isPlain(expression: string): boolean {
  return !/[\n\r\t#]/.test(expression.trim());
}

function oneLine(source: string): string {
  const lines = source.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#')).join(' ');
}
