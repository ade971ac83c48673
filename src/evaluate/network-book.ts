/** Collects what the jobs of a network tell about their hosts, until it is the network as a whole. */

import { z } from 'zod';
import type { EvaluationError } from '../events/event.ts';
import type { LoadedNetwork } from '../network/load-network.ts';
import type { NetworkMetadata } from '../network/network.ts';
import { networkSchema } from '../network/network-schema.ts';
import { withoutTexts } from '../network/without-texts.ts';
import type { JobResult } from './evaluation.ts';

export class NetworkBook {
  readonly #known = new Map<string, NetworkMetadata>();
  readonly #broken = new Map<string, EvaluationError>();

  /** Takes note of a job. One whose metadata cannot be used comes back as failed. */
  enter(result: JobResult): JobResult {
    const { name } = result;
    if (result.data === undefined) {
      if (!result.ok) this.#broken.set(name, result.error);
      return result;
    }
    const parsed = networkSchema.safeParse(result.data);
    if (parsed.success) {
      this.#known.set(name, withoutTexts(parsed.data));
      return result;
    }
    const message = `what it says of its deployment is not what was expected: ${z.prettifyError(parsed.error)}`;
    const error = { message, trace: message };
    this.#broken.set(name, error);
    return { ok: false, name, attrPath: result.attrPath, error };
  }

  /** Undefined when not even the names of the hosts could be evaluated. */
  network(): LoadedNetwork | undefined {
    if (this.#broken.has('')) return undefined;
    const parts = [...this.#known].toSorted(byName).map(([, part]) => part);
    return {
      hosts: parts.flatMap(({ hosts }) => hosts),
      description: parts[0]?.description ?? '',
      orderingTags: parts[0]?.orderingTags ?? [],
      brokenHosts: [...this.#broken].toSorted(byName).map(([name, error]) => ({ name, error })),
    };
  }
}

/** As Nix sorts attribute names. */
function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
