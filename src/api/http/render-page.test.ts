import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderPage } from './render-page.ts';

const body = (data: unknown): string =>
  /<\/h1>\n([\s\S]*)\n<\/main>/.exec(renderPage({ title: 't', data }))?.[1] ?? '';

describe('renderPage', () => {
  it('shows objects as lists of terms, and lists of objects as tables', () => {
    expect(body({ a: 1, b: { c: true }, d: null, e: '' })).toBe(
      '<dl><dt>a</dt><dd>1</dd><dt>b</dt><dd><dl><dt>c</dt><dd>true</dd></dl></dd><dt>d</dt><dd>–</dd><dt>e</dt><dd>–</dd></dl>',
    );
    expect(body([{ a: 1 }, { b: 2 }])).toBe(
      '<table><thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead><tbody>\n' +
        '<tr><td>1</td><td>–</td></tr>\n<tr><td>–</td><td>2</td></tr>\n</tbody></table>',
    );
    expect(body(['x', 2])).toBe('<ul><li>x</li><li>2</li></ul>');
    expect(body([])).toBe('none');
    expect(body({})).toBe('–');
    expect(body('a\nb')).toBe('<pre>a\nb</pre>');
  });

  it('links what has a page', () => {
    expect(body({ project: 'a/b' })).toContain('<a href="/project/a%2Fb" rel="noreferrer">a/b</a>');
    expect(body({ builds: [7] })).toContain('<a href="/build/7"');
    expect(body({ homepage: 'https://example.org/?a=1&b' })).toContain(
      '<a href="https://example.org/?a=1&amp;b"',
    );
    expect(body({ homepage: 'javascript:alert(1)' })).not.toContain('<a');
  });

  it('never lets data become markup', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ stringUnit: fc.constantFrom('<', '>', '"', "'", '&', 'a', '/', ':') }),
        (data) => {
          const tags = body(data).match(/<[^>]*>/g) ?? [];
          for (const tag of tags) {
            expect(tag).toMatch(
              /^<(?:\/?(?:dl|dt|dd|ul|li|table|thead|tbody|tr|td|th|pre|a)|th scope="col"|a href="[^"<>]*" rel="noreferrer")>$/,
            );
          }
        },
      ),
    );
  });
});
