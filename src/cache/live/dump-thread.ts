/**
 * Runs in a thread of its own: makes NARs while the main thread answers requests. Several at a time; each goes on as
 * long as it has credits, and after every few pieces the next one has its turn.
 */

import { parentPort } from 'node:worker_threads';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import type { FromDumpThread, ToDumpThread } from './dump-messages.ts';
import { verifiedDump } from './verified-dump.ts';

interface Dump {
  readonly pieces: ReturnType<typeof verifiedDump>;
  credits: number;
}

/** Pieces in a row before others have their turn. */
const piecesPerTurn = 8;

const port = parentPort;
if (port === null) throw new TypeError('dump-thread.ts runs as a thread only');
const dumps = new Map<number, Dump>();
let turnComes = false;

const tell = (message: FromDumpThread): void =>
  port.postMessage(message, message.type === 'piece' ? [message.bytes.buffer] : []);

const advance = (id: number, dump: Dump): void => {
  try {
    for (let count = 0; count < piecesPerTurn && dump.credits > 0; count++) {
      const next = dump.pieces.next();
      if (next.done) {
        dumps.delete(id);
        tell({ type: 'end', id, look: next.value });
        return;
      }
      if (next.value.length === 0) continue;
      dump.credits -= 1;
      tell({ type: 'piece', id, bytes: next.value });
    }
  } catch (error) {
    dumps.delete(id);
    const code = error instanceof AppError ? error.code : 'store.corrupt';
    tell({ type: 'failed', id, code, message: errorMessage(error) });
  }
};

const takeTurns = (): void => {
  turnComes = false;
  let more = false;
  for (const [id, dump] of dumps) {
    if (dump.credits > 0) advance(id, dump);
    more ||= dumps.has(id) && dump.credits > 0;
  }
  if (more) scheduleTurn();
};

const scheduleTurn = (): void => {
  if (turnComes) return;
  turnComes = true;
  setImmediate(takeTurns);
};

port.on('message', (message: ToDumpThread) => {
  const dump = dumps.get(message.id);
  if (message.type === 'start') {
    dumps.set(message.id, { pieces: verifiedDump(message.order), credits: message.credits });
  } else if (message.type === 'credit' && dump !== undefined) {
    dump.credits += 1;
  } else if (message.type === 'stop' && dump !== undefined) {
    dumps.delete(message.id);
    // Closes the file it has open.
    dump.pieces.return('');
  }
  scheduleTurn();
});
