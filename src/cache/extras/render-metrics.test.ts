import { describe, expect, it } from 'vitest';
import { createCacheMetrics } from './cache-metrics.ts';
import { renderMetrics } from './render-metrics.ts';

describe('renderMetrics', () => {
  it('writes help, type and samples, and nothing that breaks a line', () => {
    const text = renderMetrics([
      { name: 'a_total', help: 'Two\nlines \\', type: 'counter', samples: [{ value: 3 }] },
      { name: 'b', help: 'B', type: 'gauge', samples: [{ value: Number.NaN, labels: { of: 'x"\\\n' } }] },
    ]);
    expect(text).toBe(
      '# HELP a_total Two\\nlines \\\\\n# TYPE a_total counter\na_total 3\n' +
        '# HELP b B\n# TYPE b gauge\nb{of="x\\"\\\\\\n"} NaN\n',
    );
  });

  it('writes infinities as Prometheus reads them', () => {
    const samples = [Infinity, -Infinity].map((value) => ({ value }));
    expect(renderMetrics([{ name: 'c', help: '', type: 'gauge', samples }])).toContain('c +Inf\nc -Inf\n');
  });
});

describe('createCacheMetrics', () => {
  it('tells every counter, the event loop and memory, in a form that can be read', () => {
    const counters = { narinfoHits: 1, narinfoMisses: 2, nars: 3, narBytes: 4, narsCut: 5, faults: 6 };
    const stored = { materialised: 7, received: 8, damaged: 9, repaired: 10, withdrawn: 11 };
    const text = renderMetrics(createCacheMetrics().collect(counters, stored));
    expect(text).toContain('\nproteus_cache_stored_nars_withdrawn_total 11\n');
    expect(text).toContain('\nproteus_cache_narinfo_hits_total 1\n');
    expect(text).toContain('\nproteus_cache_nar_bytes_total 4\n');
    expect(text).toContain('\nproteus_cache_faults_total 6\n');
    expect(text).toMatch(/^nodejs_eventloop_lag_quantile_seconds\{quantile="0.99"\} \d/m);
    expect(text).toMatch(/^process_resident_memory_bytes [1-9]\d{6,}$/m);
    for (const line of text.trimEnd().split('\n')) {
      expect(line).toMatch(/^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{[a-z]+="[^"]*"\})? [0-9.e+-]+)$/);
    }
  });
});
