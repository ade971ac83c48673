/**
 * Takes what Nix prints about an evaluation error apart into message, position and trace.
 *
 * Two layouts. Up to 2.18 or so the error comes first, its position under it, then the frames that led to it, innermost
 * first:
 *
 *     error: value is null while a set was expected
 *            at /x/net.nix:3:5:
 *                 2| …
 *            … while evaluating the attribute 'config'
 *            at /x/lib.nix:10:1:
 *
 * Later the frames come first, innermost last, under a bare `error:`, and the error is the last block, at an indent of
 * seven. Source: libutil/error.cc (`showErrorInfo`).
 */

import { fileURLToPath } from 'node:url';
import type { EvaluationError, SourcePosition } from '../events/event.ts';
import { stripAnsi } from '../nix/strip-ansi.ts';

const positionLine = /^\s*at (?<file>[^\s].*):(?<line>\d+):(?<column>\d+)(?::| |$)/;
/** Lines that end a message: its position, frames, excerpts of source, build logs, advice about --show-trace. */
const notMessage =
  /^\s*(?:at .*:\d+(?::\d+)?:?$|at «|… |\d+\||\||last \d+ log lines:|\(use '--show-trace'|\(stack trace truncated)/;
/** A path, or from 2.33 or so on one in a source that was fetched: `«github:…»/flake.nix`. */
const isFile = /^(?:«(?!nix-internal)[^»]+»)?\//;
/** Plumbing of nixpkgs: shown only when there is nothing better. */
const plumbing =
  /\/lib\/(?:asserts|attrsets|customisation|debug|fixed-points|lists|modules|options|strings|trivial|types)\.nix$/;
/** Our own expressions, which are never where the mistake is. */
const ownFolder = fileURLToPath(new URL('../../nix/', import.meta.url));

/** Enough to see how one came to an error; NixOS can have hundreds. */
const usualFrames = 8;

interface ParseOptions {
  /** Keep every frame in the trace, not only the innermost. */
  readonly wholeTrace?: boolean | undefined;
}

/**
 * Never fails: a text that is no Nix error becomes the message as it is. The position is best when Nix was told to show
 * the whole trace, because newer versions otherwise show its outermost frames only.
 */
export function parseEvaluationError(text: string, { wholeTrace }: ParseOptions = {}): EvaluationError {
  const lines = withoutOwnFrames(stripAnsi(text).trim().split('\n'));
  const first = lines.findLastIndex((line) => line.startsWith('error:'));
  if (first === -1) return { message: lines[0] ?? '', trace: lines.join('\n') };
  const before = lines.slice(0, first);
  const framesFirst = lines[first]?.trim() === 'error:';
  const start = framesFirst ? lines.findLastIndex((line) => /^ {7}error:/.test(line)) : first;
  if (start === -1) return { message: lines[first + 1]?.trim() ?? 'error', trace: lines.join('\n') };

  const firstFrame = lines.findIndex((line, index) => index > start && isFrame(line));
  const error = lines.slice(start, firstFrame === -1 ? undefined : firstFrame);
  const frames = framesOf(framesFirst ? lines.slice(first + 1, start) : lines.slice(start + error.length));
  const inwards = framesFirst ? frames.toReversed() : frames;
  // Innermost first, in both layouts.
  const position = bestPosition([error, ...inwards].flatMap(positions));
  const message = messageOf(error);
  const shown = wholeTrace ? inwards : inwards.slice(0, usualFrames);
  const left = inwards.length - shown.length;
  const more = left === 0 ? [] : [`       (${left} more frames; --show-trace shows them)`, ''];
  const trace = framesFirst
    ? [...before, ...lines.slice(first, first + 1), ...more, ...shown.toReversed().flat(), ...error]
    : [...before, ...error, ...shown.flat(), ...more];
  const rest = { message, trace: trace.join('\n').trim() };
  return position === undefined ? rest : { ...rest, position };
}

function isFrame(line: string): boolean {
  return /^\s*… /.test(line);
}

/** Each with the lines that follow it. What is before the first one is advice. */
function framesOf(lines: readonly string[]): readonly (readonly string[])[] {
  const frames: string[][] = [];
  for (const line of lines) {
    if (isFrame(line)) frames.push([line]);
    else frames.at(-1)?.push(line);
  }
  return frames;
}

/** Leaves out what is about expressions that we typed ourselves: a frame, its place, and the excerpt under it. */
function withoutOwnFrames(lines: readonly string[]): readonly string[] {
  const kept: string[] = [];
  let inOwn = false;
  for (const line of lines) {
    if (isOwnPlace(line)) {
      inOwn = true;
      while (/^\s*(?:… .*)?$/.test(kept.at(-1) ?? 'error:')) kept.pop();
    } else if (!inOwn || !/^\s*(?:\d+\|.*|\|.*)?$/.test(line)) {
      inOwn = false;
      kept.push(line);
    }
  }
  return kept;
}

function isOwnPlace(line: string): boolean {
  return /^\s*at «(?:string|stdin)»:/.test(line) || line.trimStart().startsWith(`at ${ownFolder}`);
}

function messageOf(block: readonly string[]): string {
  const end = block.findIndex((line, index) => index > 0 && notMessage.test(line));
  const [first = '', ...rest] = end === -1 ? block : block.slice(0, end);
  return [first.replace(/^\s*error:\s*/, ''), ...rest.map((line) => line.replace(/^ {1,7}/, ''))]
    .map((line) => line.trimEnd())
    .join('\n')
    .trim();
}

function positions(lines: readonly string[]): SourcePosition[] {
  return lines.flatMap((line) => {
    const groups = positionLine.exec(line)?.groups;
    if (groups?.file === undefined || !isFile.test(groups.file)) return [];
    return [{ file: groups.file, line: Number(groups.line), column: Number(groups.column) }];
  });
}

function bestPosition(candidates: readonly SourcePosition[]): SourcePosition | undefined {
  const others = candidates.filter(({ file }) => !file.startsWith(ownFolder));
  return others.find(({ file }) => !plumbing.test(file)) ?? others[0];
}

/** `message`, after the place where it is, for texts that quote an evaluation error in one line. */
export function describeEvaluationError({ message, position }: EvaluationError): string {
  return position === undefined ? message : `${position.file}:${position.line}: ${message}`;
}
