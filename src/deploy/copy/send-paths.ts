/**
 * Sends paths to one host: packed where the host can unpack, which also saves more of ssh's encryption than the packing
 * costs once it is shared, else as they are. Both in one stream, references first.
 */

import type { Emit } from '../../events/event.ts';
import type { CallOptions, IncomingPath, PathInfo, Store } from '../../store/store.ts';
import type { NarBlocks } from './nar-blocks.ts';

export interface SendPathsOptions {
  readonly blocks: NarBlocks;
  readonly signal: AbortSignal;
  readonly onLog: NonNullable<CallOptions['onLog']>;
  /** For events. */
  readonly to: string;
  readonly emit: Emit;
}

/** Less than this is not worth a connection of its own. */
const packedBytes = 256 * 1024;
/** Progress is told after so many bytes, and at the end of what is larger. */
const progressBytes = 4 * 1024 * 1024;

export async function sendPaths(
  store: Store,
  infos: readonly PathInfo[],
  { blocks, signal, onLog, to, emit }: SendPathsOptions,
): Promise<void> {
  const bytes = infos.reduce((sum, { narSize }) => sum + narSize, 0);
  if (store.addPacked !== undefined && bytes >= packedBytes) {
    const told = progressTeller(to, emit);
    const packed = async function* () {
      for (const info of infos) {
        yield* blocks.blocks(info, 'zstd');
        told(info);
      }
    };
    if (await store.addPacked(infos.length, packed(), { signal, onLog })) return;
  }
  const told = progressTeller(to, emit);
  const incoming = infos.map((info): IncomingPath => {
    const nar = async function* () {
      yield* blocks.blocks(info, 'plain');
      told(info);
    };
    return { info: { ...info, ultimate: false }, nar };
  });
  await store.addMultipleToStore(incoming, { signal, onLog, withoutSignatureCheck: true });
}

function progressTeller(to: string, emit: Emit): (info: PathInfo) => void {
  const done = { paths: 0, bytes: 0 };
  let told = 0;
  return (info) => {
    done.paths += 1;
    done.bytes += info.narSize;
    if (done.bytes - told < progressBytes) return;
    told = done.bytes;
    emit({ type: 'copy.progress', to, ...done });
  };
}
