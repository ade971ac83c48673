import { describe, expect, it } from 'vitest';
import { createLoginThrottle } from './login-throttle.ts';

function throttle(maxEntries?: number) {
  let time = 1_000_000;
  const made = createLoginThrottle({ now: () => time, ...(maxEntries === undefined ? {} : { maxEntries }) });
  return {
    wait: (user: string, address: string) => made.wait(user, address),
    failed: (user: string, address: string) => made.failed(user, address),
    succeeded: (user: string, address: string) => made.succeeded(user, address),
    fail: (times: number, user: string, address: string) => {
      for (let n = 0; n < times; n += 1) made.failed(user, address);
    },
    pass: (ms: number) => {
      time += ms;
    },
  };
}

describe('createLoginThrottle', () => {
  it('lets the first failures of an address pass, then doubles the wait', () => {
    const { wait, fail, pass } = throttle();
    fail(4, 'alice', '192.0.2.1');
    expect(wait('alice', '192.0.2.1')).toBe(0);

    fail(1, 'alice', '192.0.2.1');
    expect(wait('alice', '192.0.2.1')).toBe(1000);
    pass(400);
    expect(wait('alice', '192.0.2.1')).toBe(600);
    pass(600);
    expect(wait('alice', '192.0.2.1')).toBe(0);

    fail(1, 'alice', '192.0.2.1');
    expect(wait('alice', '192.0.2.1')).toBe(2000);
    fail(50, 'alice', '192.0.2.1');
    expect(wait('alice', '192.0.2.1')).toBe(600_000);
  });

  it('makes an address wait for whatever user it tries', () => {
    const { wait, failed } = throttle();
    for (const user of ['a', 'b', 'c', 'd', 'e']) failed(user, '192.0.2.1');

    expect(wait('f', '192.0.2.1')).toBe(1000);
    expect(wait('f', '192.0.2.2')).toBe(0);
  });

  it('makes a user wait a little only, when others try from everywhere', () => {
    const { wait, failed } = throttle();
    for (let n = 0; n < 100; n += 1) failed('alice', `192.0.2.${n}`);

    expect(wait('alice', '198.51.100.1')).toBe(15_000);
    expect(wait('bob', '198.51.100.1')).toBe(0);
  });

  it('forgets after a success, and after an hour', () => {
    const { wait, fail, succeeded, pass } = throttle();
    fail(20, 'alice', '192.0.2.1');
    succeeded('alice', '192.0.2.1');
    expect(wait('alice', '192.0.2.1')).toBe(0);

    fail(8, 'alice', '192.0.2.1');
    pass(3_600_000);
    fail(1, 'alice', '192.0.2.1');
    expect(wait('alice', '192.0.2.1')).toBe(0);
  });

  it.each([
    ['2001:db8::1', '2001:db8:0:0:ffff::2'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
  ])('takes %s and %s for one', (one, other) => {
    const { wait, fail } = throttle();
    fail(5, 'alice', one);
    expect(wait('bob', other)).toBe(1000);
  });

  it('tells other networks apart', () => {
    const { wait, fail } = throttle();
    fail(5, 'alice', '2001:db8:1:2::1');
    fail(5, 'alice', '::ffff:192.0.2.1');
    expect(wait('bob', '2001:db8:1:3::1')).toBe(0);
    expect(wait('bob', '::ffff:192.0.2.2')).toBe(0);
    expect(wait('bob', '::ffff:192.0.2.1')).toBe(1000);
  });

  it('remembers a bounded number, the latest', () => {
    const { wait, fail } = throttle(10);
    fail(5, 'alice', '192.0.2.1');
    for (let n = 0; n < 5; n += 1) fail(1, `user-${n}`, `198.51.100.${n}`);
    expect(wait('bob', '192.0.2.1')).toBe(0);
    fail(5, 'alice', '192.0.2.1');
    expect(wait('bob', '192.0.2.1')).toBe(1000);
  });
});
