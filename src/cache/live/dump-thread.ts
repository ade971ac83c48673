/**
 * Runs in a thread of its own: makes NARs while the main thread answers requests. Several at a time; each goes on as
 * long as its ring has a free slot, and after every few steps the next one has its turn.
 */

import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { type FromDumpThread, slotBytes, slotsOf, type ToDumpThread } from './dump-messages.ts';
import { VerifiedDump } from './verified-dump.ts';

interface Dump {
  readonly id: number;
  readonly source: VerifiedDump;
  readonly slots: readonly Buffer[];
  readonly free: number[];
  /** The last piece, until all is known to be right. */
  held: { readonly slot: number; readonly length: number } | undefined;
}

/** Steps in a row before others have their turn. */
const stepsPerTurn = 8;

const port = parentPort;
if (port === null) throw new TypeError('dump-thread.ts runs as a thread only');
const dumps = new Map<number, Dump>();
/** For what is read only to be hashed. */
const scratch = Buffer.allocUnsafeSlow(slotBytes);
let turnComes = false;
// Of this thread alone, as Linux has it. Whoever answers requests goes first.
setPriority(0, 5);

const tell = (message: FromDumpThread): void => port.postMessage(message);
const canGoOn = (dump: Dump): boolean => !dump.source.isWanted || dump.free.length > 0;

/** One step; true when that was the last. */
const step = (dump: Dump): boolean => {
  const { id, source, slots, free } = dump;
  const slot = source.isWanted ? free.pop() : undefined;
  const length = source.step(slots[slot ?? -1] ?? scratch);
  if (slot !== undefined) {
    dump.held = { slot, length };
    if (source.isComplete && !source.isVerified) return false;
  }
  if (dump.held !== undefined && (source.isVerified || !source.isComplete)) {
    tell({ type: 'piece', id, ...dump.held });
    dump.held = undefined;
  }
  if (source.isVerified) tell({ type: 'end', id, look: source.look });
  return source.isVerified;
};

const advance = (dump: Dump): void => {
  const { id } = dump;
  try {
    for (let count = 0; count < stepsPerTurn && canGoOn(dump); count++) {
      if (step(dump)) {
        finish(dump);
        return;
      }
    }
  } catch (error) {
    finish(dump);
    const code = error instanceof AppError ? error.code : 'store.corrupt';
    tell({ type: 'failed', id, code, message: errorMessage(error) });
  }
};

/** Closes the file it has open. */
const finish = ({ id, source }: Dump): void => {
  dumps.delete(id);
  source[Symbol.dispose]();
};

const takeTurns = (): void => {
  turnComes = false;
  let more = false;
  for (const [id, dump] of dumps) {
    if (canGoOn(dump)) advance(dump);
    more ||= dumps.has(id) && canGoOn(dump);
  }
  if (more) scheduleTurn();
};

const scheduleTurn = (): void => {
  if (turnComes) return;
  turnComes = true;
  setImmediate(takeTurns);
};

port.on('message', (message: ToDumpThread) => {
  const { id } = message;
  const dump = dumps.get(id);
  if (message.type === 'start') {
    const slots = slotsOf(message.ring)
      .slice(0, message.slots)
      .map((slot) => slot.subarray(0, message.bytes));
    const source = new VerifiedDump(message.order);
    dumps.set(id, { id, source, slots, free: [...slots.keys()], held: undefined });
  } else if (message.type === 'free') {
    dump?.free.push(message.slot);
  } else if (dump !== undefined) {
    finish(dump);
    tell({ type: 'stopped', id });
  }
  scheduleTurn();
});
