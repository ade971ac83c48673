/** `nix-support/hydra-metrics`: one figure a line, `NAME VALUE [UNIT]`. A line of any other form says nothing. */

import type { MetricRecord } from '../../db/records.ts';

const line =
  /^\s*(?<name>[\w.-]+)\s+(?<value>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?:\s+(?<unit>[\w.%-]+))?\s*$/i;

export function parseMetrics(text: string): readonly MetricRecord[] {
  return text.split('\n').flatMap((written) => {
    const { name, value, unit = null } = line.exec(written)?.groups ?? {};
    return name === undefined || !Number.isFinite(Number(value))
      ? []
      : [{ name, value: Number(value), unit }];
  });
}
