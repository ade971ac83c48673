/**
 * The hosts of an evaluation of a network: what the network says of each, and the build that is its system. The job of a
 * host has its name.
 *
 * An evaluation that found nothing to build anew has given its builds up, and may say other things of its hosts all the
 * same: those are its own, with the builds of the one before.
 */

import { z } from 'zod';
import type { Database } from '../../db/database.ts';
import type { BuildRecord, EvaluationRecord } from '../../db/records.ts';
import type { HostMetadata, NetworkMetadata } from '../../network/network.ts';
import { networkSchema } from '../../network/network-schema.ts';
import { parseStorePath, type StorePath } from '../../nix/store-path.ts';

export interface EvaluationHost {
  readonly metadata: HostMetadata;
  /** Undefined when its job did not evaluate. */
  readonly build: BuildRecord | undefined;
  /** Undefined unless the build has succeeded. */
  readonly toplevel: StorePath | undefined;
  /** Why there is no toplevel. */
  readonly missing: string | undefined;
}

export interface EvaluationHosts {
  readonly network: NetworkMetadata;
  /** As Nix sorts them. */
  readonly hosts: readonly EvaluationHost[];
  /** Hosts of which not even the metadata evaluated. */
  readonly broken: readonly { readonly name: string; readonly message: string }[];
}

type Deps = Pick<Database, 'evaluations'>;

const storedNetwork = z.object({
  hosts: z.unknown(),
  description: z.string(),
  orderingTags: z.array(z.string()),
  brokenHosts: z.array(z.object({ name: z.string(), error: z.object({ message: z.string() }) })),
});

/** Undefined when it is not one of a network, or ended before its hosts were known. */
export async function evaluationHosts(
  { evaluations }: Deps,
  evaluation: Pick<EvaluationRecord, 'id' | 'jobsetId' | 'state'>,
): Promise<EvaluationHosts | undefined> {
  const text = await evaluations.network(evaluation.id);
  if (text === undefined) return undefined;
  const { hosts, description, orderingTags, brokenHosts } = storedNetwork.parse(JSON.parse(text));
  const network = networkSchema.parse({ hosts, meta: { description, ordering: { tags: orderingTags } } });
  const builds = await buildsByJob(evaluations, evaluation);
  return {
    network,
    hosts: network.hosts.map((metadata) => describe(metadata, builds.get(metadata.name))),
    broken: brokenHosts.map(({ name, error }) => ({ name, message: error.message })),
  };
}

async function buildsByJob(
  evaluations: Deps['evaluations'],
  { id, jobsetId, state }: Pick<EvaluationRecord, 'id' | 'jobsetId' | 'state'>,
): Promise<ReadonlyMap<string, BuildRecord>> {
  const holder = state === 'unchanged' ? (await evaluations.latestWithBuilds(jobsetId, id))?.id : id;
  const builds = holder === undefined ? [] : await evaluations.builds(holder);
  return new Map(builds.map((build) => [build.job, build]));
}

function describe(metadata: HostMetadata, build: BuildRecord | undefined): EvaluationHost {
  const out = build?.outputs.out ?? null;
  const missing = whyMissing(build, out);
  return {
    metadata,
    build,
    toplevel: missing === undefined && out !== null ? parseStorePath(out) : undefined,
    missing,
  };
}

function whyMissing(build: BuildRecord | undefined, out: string | null): string | undefined {
  if (build === undefined) return 'it did not evaluate';
  if (!build.finished) return `its build ${build.id} has not ended yet`;
  if (build.status !== 0) return `its build ${build.id} did not succeed`;
  return out === null ? `its build ${build.id} has no output named out` : undefined;
}
