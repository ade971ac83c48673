import { describe, expect, it } from 'vitest';
import { networkSchema } from './network-schema.ts';
import { withoutTexts } from './without-texts.ts';

const network = networkSchema.parse({
  hosts: [
    {
      name: 'web',
      secrets: {
        word: { text: 'open sesame', destination: '/a' },
        file: { source: 'b.txt', destination: '/b' },
      },
    },
  ],
});

describe('withoutTexts', () => {
  it('leaves out the content of texts, and says so', () => {
    const kept = withoutTexts(network);

    expect(JSON.stringify(kept)).not.toContain('sesame');
    expect(kept.hosts[0]?.secrets.word).toMatchObject({ source: '', textLeftOut: true, destination: '/a' });
    expect(kept.hosts[0]?.secrets.file).toEqual(network.hosts[0]?.secrets.file);
  });

  it('comes back from what was written down as it was', () => {
    const kept = withoutTexts(network);

    expect(networkSchema.parse(JSON.parse(JSON.stringify({ hosts: kept.hosts }))).hosts).toEqual(kept.hosts);
  });
});
