import { expect, it } from 'vitest';
import { createRolloutHand } from './rollout-hand.ts';

it('tells those who wait that somebody has changed it, and who', async () => {
  const hand = createRolloutHand('running', 'alice');
  const changed = hand.changed(new AbortController().signal);
  hand.set('paused', 'bob');
  await changed;

  expect(hand).toMatchObject({ state: 'paused', by: 'bob' });
});

it('says nothing when it is as it was', async () => {
  const hand = createRolloutHand('paused', 'alice');
  const waiting = new AbortController();
  let told = false;
  const changed = hand.changed(waiting.signal).then(() => {
    told = true;
  });
  hand.set('paused', 'bob');
  await Promise.resolve();

  expect({ told, by: hand.by }).toEqual({ told: false, by: 'alice' });
  waiting.abort();
  await changed;
  // Nor does it keep anybody who has been told to stop already.
  await hand.changed(waiting.signal);
});
