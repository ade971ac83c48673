import { describe, expect, it } from 'vitest';
import { escapeHtml } from './escape-html.ts';

describe('escapeHtml', () => {
  it('leaves nothing that could end a text or an attribute', () => {
    expect(escapeHtml(`<a href="x" id='y'>&amp;`)).toBe(
      '&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;',
    );
    expect(escapeHtml('plain ü')).toBe('plain ü');
  });
});
