/** One event in words: the lines that stay on the screen, in plain and live display alike. Pure. */

import type { CiEvent, EvaluationError, ProteusEvent, ServerEvent } from '../../events/event.ts';
import { storePathName } from '../../nix/store-path.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { formatDuration } from '../../util/format-duration.ts';
import { printable } from '../../util/printable.ts';
import { describeCiEvent } from './describe-ci-event.ts';

/** No line for what is only of passing interest (phases, log lines of builds that go well). */
export function describeEvent(event: ServerEvent): readonly string[] {
  if (isCiEvent(event)) return describeCiEvent(event);
  switch (event.type) {
    case 'evaluation.started':
      return [`evaluating ${event.source} (${counted(event.jobs.length, 'machine')})`];
    case 'evaluation.job.done':
      return [`${event.job}: evaluated in ${formatDuration(event.durationMs)}`];
    case 'evaluation.job.message':
      return [`${event.job}: ${printable(event.text)}`];
    case 'evaluation.job.failed':
      return describeEvaluationError(event.job, event.error);
    case 'evaluation.worker.restarted':
      return [`an evaluation worker was restarted: ${event.reason}`];
    case 'evaluation.done':
      return event.failed === 0
        ? []
        : [
            `evaluation: ${event.succeeded} succeeded, ${event.failed} failed, ${formatDuration(event.durationMs)}`,
          ];
    case 'build.planned':
      return describePlan(event.toBuild, event.toSubstitute);
    case 'step.started':
      return [
        `building ${event.name} on ${event.builder}${event.emulated ? ` (${event.system}, emulated)` : ''}` +
          (event.attempt > 1 ? `, attempt ${event.attempt}` : ''),
      ];
    case 'step.done':
      return event.how === 'built'
        ? [`built ${event.name} in ${formatDuration(event.durationMs)}`]
        : event.how === 'substituted'
          ? [`fetched ${event.name}`]
          : [];
    case 'step.failed':
      return describeFailedStep(event);
    case 'build.done':
      return event.failed === 0 && event.built === 0
        ? []
        : [`builds: ${event.built} built, ${event.failed} failed, ${formatDuration(event.durationMs)}`];
    case 'copy.started':
      return event.paths === 0
        ? []
        : [`${event.to}: copying ${counted(event.paths, 'path')}, ${formatBytes(event.bytes)}`];
    case 'copy.done':
      return event.paths === 0
        ? []
        : [
            `${event.to}: copied ${counted(event.paths, 'path')}, ${formatBytes(event.bytes)}, in ${formatDuration(event.durationMs)}`,
          ];
    case 'host.started':
      return [`${event.host}: ${event.action} ${storePathName(event.toplevel)}`];
    case 'host.log':
      return [`${event.host}: ${printable(event.line)}`];
    case 'host.check':
      return [
        `${event.host}: ${event.description}: ${event.ok ? 'OK' : `Failed (${printable(event.reason ?? '')})`}`,
      ];
    case 'host.done':
      return [
        `Done: ${event.host} (${formatDuration(event.durationMs)})` +
          (event.degraded === undefined ? '' : `, but: ${event.degraded}`),
      ];
    case 'host.failed':
      return [
        `${event.host}: ${event.rolledBack ? 'rolled back: ' : ''}failed while ${event.phase.replaceAll('-', ' ')}: ${event.message}`,
      ];
    case 'rollout.started':
      return [
        `rollout ${event.rollout}: ${counted(event.waves.flat().length, 'host')}` +
          (event.waves.length > 1 ? ` in ${event.waves.length} waves` : ''),
      ];
    case 'rollout.wave':
      return event.of > 1 ? [`wave ${event.wave} of ${event.of}`] : [];
    case 'rollout.waiting':
      return [event.reason];
    case 'rollout.ended':
      return [`rollout ${event.rollout}: ${event.result} in ${formatDuration(event.durationMs)}`];
    case 'host.skipped':
      return [`${event.host}: skipped: ${event.reason}`];
    case 'message':
      return [
        `${event.level === 'info' ? '' : `${event.level}: `}${event.text}`,
        ...(event.hint === undefined ? [] : [`  what to do: ${event.hint}`]),
      ];
    case 'evaluation.job.started':
    case 'step.phase':
    case 'step.build-phase':
    case 'step.log':
    case 'copy.progress':
    case 'host.phase':
      return [];
  }
}

function isCiEvent(event: ServerEvent): event is CiEvent {
  return event.type.startsWith('ci.');
}

function describePlan(toBuild: number, toSubstitute: number): readonly string[] {
  const parts = [
    ...(toBuild > 0 ? [`${counted(toBuild, 'derivation')} to build`] : []),
    ...(toSubstitute > 0 ? [`${counted(toSubstitute, 'path')} to fetch`] : []),
  ];
  return parts.length === 0 ? [] : [parts.join(', ')];
}

/** The machine, the place and Nix's own sentence, then the trace. */
export function describeEvaluationError(job: string, error: EvaluationError): readonly string[] {
  const { position } = error;
  const place = position === undefined ? '' : ` at ${position.file}:${position.line}`;
  const lines = error.message.split('\n');
  const trace = error.trace.split('\n').slice(0, 30);
  const extra = error.trace.trim() === error.message.trim() ? [] : trace.map((line) => `  ${line}`);
  return [
    `${job}: evaluation failed${place}: ${lines[0] ?? ''}`,
    ...lines.slice(1).map((line) => `  ${line}`),
    ...extra,
  ];
}

/** What follows from another failure is left out: the machine that misses it is named at the end. */
function describeFailedStep(event: Extract<ProteusEvent, { type: 'step.failed' }>): readonly string[] {
  if (event.reason === 'dependency-failed' || event.reason === 'cancelled') return [];
  const where = event.builder === '' ? '' : ` on ${event.builder}`;
  const what = event.willRetry ? 'lost, will be tried again' : 'failed';
  const head = `${event.name}: ${what}${where}: ${event.message}`;
  if (event.willRetry || event.logTail.length === 0) return [head];
  return [
    head,
    `  last ${counted(event.logTail.length, 'line')} of its log:`,
    ...event.logTail.map((line) => `  | ${printable(line)}`),
    ...(event.logFile === undefined ? [] : [`  whole log: ${event.logFile}`]),
  ];
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
