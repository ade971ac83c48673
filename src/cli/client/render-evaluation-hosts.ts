/** The hosts of an evaluation, as a table. Pure. */

import type { z } from 'zod';
import type { evaluationHostsReply } from '../../api/v1/schemas/evaluation.ts';
import { renderTable } from './render-table.ts';

export type EvaluationHosts = z.output<typeof evaluationHostsReply>;

export function renderEvaluationHosts({ hosts, broken }: EvaluationHosts): readonly string[] {
  const rows = [
    ...hosts.map(({ name, missing, toplevel, metadata }) => [
      name,
      metadata.targetHost,
      metadata.tags.join(' '),
      toplevel ?? missing,
    ]),
    ...broken.map(({ name }) => [name, null, null, 'it did not evaluate']),
  ];
  return renderTable(['host', 'address', 'tags', 'system'], rows, 'no hosts');
}
