/**
 * What a daemon sends before the result of every operation: log messages, each with a tag, until LAST (the result
 * follows) or ERROR. Build logs, phases and progress come as results of activities.
 *
 * Source: libstore/worker-protocol.hh, libstore/daemon.cc (`TunnelLogger`), libutil/logging.hh.
 */

import { stripVTControlCharacters } from 'node:util';
import { AppError } from '../util/app-error.ts';
import { protocolError } from './protocol-error.ts';
import type { StoreLog } from './store.ts';
import type { WireReader } from './wire-reader.ts';

/** The tags, as they stand on the wire. */
export const stderrTag = {
  next: 0x6f6c6d67,
  read: 0x64617461,
  write: 0x64617416,
  last: 0x616c7473,
  error: 0x63787470,
  startActivity: 0x53545254,
  stopActivity: 0x53544f50,
  result: 0x52534c54,
} as const;

/** Results of activities that have a StoreLog of their own. */
const resultType = { buildLogLine: 101, setPhase: 104, progress: 105 } as const;

type Field = string | number;

/** Reads to the end of the log. Throws `store.refused` with what the daemon said, or `store.protocol`. */
export async function drainStderr(
  reader: WireReader,
  onLog: (log: StoreLog) => void = () => {},
): Promise<void> {
  for (;;) {
    const tag = await reader.u64();
    switch (tag) {
      case stderrTag.last:
        return;
      case stderrTag.error:
        throw await readRefusal(reader);
      case stderrTag.next:
        onLog({ type: 'text', text: (await reader.string()).replace(/\n$/, '') });
        break;
      case stderrTag.startActivity:
        onLog(await readActivity(reader));
        break;
      case stderrTag.stopActivity:
        onLog({ type: 'activity-stopped', id: await reader.decimal() });
        break;
      case stderrTag.result:
        onLog(await readResult(reader));
        break;
      case stderrTag.write:
        // Data of exports, which we never ask for.
        await reader.stringBytes();
        break;
      case stderrTag.read:
        throw protocolError('the daemon asks for data that only operations before Nix 2.4 have');
      default:
        throw protocolError(`the stream is out of step: 0x${tag.toString(16)} is no tag of a log message`);
    }
  }
}

async function readActivity(reader: WireReader): Promise<StoreLog> {
  const id = await reader.decimal();
  const level = await reader.u64();
  const activity = await reader.u64();
  const text = await reader.string();
  const fields = await readFields(reader);
  return { type: 'activity-started', id, activity, level, text, fields, parent: await reader.decimal() };
}

async function readResult(reader: WireReader): Promise<StoreLog> {
  const id = await reader.decimal();
  const result = await reader.u64();
  const fields = await readFields(reader);
  const [first] = fields;
  if (result === resultType.buildLogLine && typeof first === 'string') {
    return { type: 'build-log-line', id, line: first };
  }
  if (result === resultType.setPhase && typeof first === 'string') return { type: 'phase', id, phase: first };
  if (result === resultType.progress) {
    const [done = 0, expected = 0, running = 0, failed = 0] = fields.map(Number);
    return { type: 'progress', id, done, expected, running, failed };
  }
  return { type: 'result', id, result, fields };
}

/** Integer fields are counters that Nix lets wrap around below zero: too large ones become the largest exact one. */
async function readFields(reader: WireReader): Promise<Field[]> {
  return reader.list(async () => {
    const tag = await reader.u64();
    if (tag === 0) return Math.min(Number(await reader.decimal()), Number.MAX_SAFE_INTEGER);
    if (tag === 1) return reader.string();
    throw protocolError(`the stream is out of step: ${tag} is no type of a log field`);
  });
}

/** What follows the tag of an error: what was said, then the traces, outermost last. The form of protocol 1.26. */
export async function readRefusal(reader: WireReader): Promise<AppError> {
  await reader.string();
  await reader.u64();
  await reader.string();
  const message = await reader.string();
  await reader.u64();
  const traces = await reader.list(async () => {
    await reader.u64();
    return reader.string();
  });
  return new AppError('store.refused', [message, ...traces].map(plainText).join('\n'));
}

/** Without colours, and without the word that says that an error is an error. */
function plainText(text: string): string {
  return stripVTControlCharacters(text)
    .trim()
    .replace(/^error:\s*/, '');
}
