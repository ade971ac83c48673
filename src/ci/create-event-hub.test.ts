import { describe, expect, it } from 'vitest';
import type { ServerEvent } from '../events/event.ts';
import { createEventHub } from './create-event-hub.ts';
import type { EventHub } from './event-hub.ts';

const said = (text: string): ServerEvent => ({ type: 'message', level: 'info', text });

type Heard = string | { readonly lost: number };

/** Hears `count` things and leaves. */
async function hear(
  hub: EventHub,
  count: number,
  options: Partial<Parameters<EventHub['listen']>[0]> = {},
): Promise<Heard[]> {
  const heard: Heard[] = [];
  for await (const item of hub.listen({ signal: new AbortController().signal, ...options })) {
    heard.push('lost' in item ? item : 'text' in item.event ? item.event.text : item.event.type);
    if (heard.length === count) break;
  }
  return heard;
}

describe('the event hub', () => {
  it('tells every listener what happens from now on, in order', async () => {
    const hub = createEventHub();
    hub.emit(said('before'));
    const listeners = [hear(hub, 2), hear(hub, 2)];
    hub.emit(said('one'));
    hub.emit(said('two'));

    expect(await Promise.all(listeners)).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ]);
  });

  it('tells a listener what has happened since he was there, whenever he begins to hear it', async () => {
    const hub = createEventHub();
    hub.emit(said('before'));
    const events = hub.listen({ signal: new AbortController().signal })[Symbol.asyncIterator]();
    hub.emit(said('since'));

    expect((await events.next()).value).toMatchObject({ event: { text: 'since' } });
  });

  it('goes on after the last event a listener knows', async () => {
    const hub = createEventHub({ firstId: 100 });
    for (const text of ['a', 'b', 'c']) hub.emit(said(text));

    expect(await hear(hub, 2, { lastId: 100 })).toEqual(['b', 'c']);
  });

  it('encodes an event once, however many listen', async () => {
    const hub = createEventHub();
    let encoded = 0;
    const event = {
      ...said('x'),
      toJSON() {
        encoded += 1;
        return said('x');
      },
    };
    const listeners = [hear(hub, 1), hear(hub, 1), hear(hub, 1)];
    hub.emit(event);

    await Promise.all(listeners);

    expect(encoded).toBe(1);
  });

  it('leaves out what a listener does not want', async () => {
    const hub = createEventHub();
    const listening = hear(hub, 1, { wants: (event) => 'text' in event && event.text !== 'noise' });
    hub.emit(said('noise'));
    hub.emit(said('signal'));

    expect(await listening).toEqual(['signal']);
  });

  it('tells a listener that lags how much it lost, and keeps no more than it may', async () => {
    const size = JSON.stringify(said('00')).length;
    const hub = createEventHub({ maxBytes: 3 * size });
    const listening = hub.listen({ signal: new AbortController().signal, lastId: 0 })[Symbol.asyncIterator]();
    hub.emit(said('01'));
    expect((await listening.next()).value).toMatchObject({ id: 1 });
    for (let n = 2; n <= 9; n++) hub.emit(said(`0${n}`));

    expect((await listening.next()).value).toEqual({ lost: 5 });
    expect((await listening.next()).value).toMatchObject({ id: 7 });
    await listening.return?.(undefined);
  });

  it('tells a client of an earlier server that it lost something', async () => {
    const hub = createEventHub({ firstId: 1000 });
    hub.emit(said('new'));

    expect(await hear(hub, 2, { lastId: 17 })).toEqual([{ lost: 982 }, 'new']);
    expect(await hear(hub, 2, { lastId: 5000 })).toEqual([{ lost: 0 }, 'new']);
  });

  it('keeps an event that is larger than all it may remember', async () => {
    const hub = createEventHub({ maxBytes: 10 });
    const listening = hear(hub, 1);
    hub.emit(said('long'.repeat(100)));

    expect(await listening).toEqual(['long'.repeat(100)]);
  });

  it('lets go when the signal fires', async () => {
    const hub = createEventHub();
    const abort = new AbortController();
    const listening = hear(hub, 1, { signal: abort.signal });
    abort.abort();

    expect(await listening).toEqual([]);
  });
});
