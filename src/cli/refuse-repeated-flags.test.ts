import { expect, it } from 'vitest';
import { refuseRepeatedFlags } from './refuse-repeated-flags.ts';

it.each([[['--on', 'a', '--on', 'b']], [['--on=a', '--on', 'b']], [['--show-trace', '--no-show-trace']]])(
  'refuses %j',
  (args) => {
    expect(() => refuseRepeatedFlags(args)).toThrow(
      /^flag '(on|show-trace)' cannot be repeated, try --help$/,
    );
  },
);

it.each([[['--key', 'a', '--key', 'b']], [['--on', 'a', '--', '--on', 'b']], [['--on', 'a', '--skip', '1']]])(
  'takes %j',
  (args) => {
    expect(() => refuseRepeatedFlags(args)).not.toThrow();
  },
);
