/** An S3 server that accepts connections and then says nothing, or only the beginning of an answer. */

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobStore } from '../blob-store.ts';
import { openS3Blobs } from './open-s3-blobs.ts';
import { createPatientFetch } from './patient-fetch.ts';
import { type SilentServer, startSilentServer, xmlAnswer } from './testing/silent-server.ts';

let server: SilentServer;
let staging: string;
beforeEach(async () => {
  staging = await mkdtemp(path.join(tmpdir(), 'proteus-silent-'));
  server = await startSilentServer();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  const left = await readdir(staging);
  if (left.length > 0) throw new Error(`left behind: ${left.join()}`);
  await rm(staging, { recursive: true });
});

const open = ({ timeoutMs = 150 } = {}): Promise<BlobStore> =>
  openS3Blobs(server.place(timeoutMs), { staging });
const unreachable = (message: RegExp) => ({
  code: 'blobs.unreachable',
  message: expect.stringMatching(message),
});

async function send(blobs: BlobStore, bytes: number, signal?: AbortSignal): Promise<void> {
  await using writer = await blobs.create(signal);
  await writer.write(Buffer.alloc(bytes));
  await writer.commit('nar/a');
}
const take = (blobs: BlobStore, signal?: AbortSignal) =>
  Array.fromAsync(blobs.read('nar/a', signal && { signal }));

describe('an S3 server that says nothing', () => {
  it('is not waited for when it is opened', async () => {
    server.answers = '';

    await expect(open()).rejects.toMatchObject(
      unreachable(/^cannot list s3:\/\/nars at http:.*: there was no answer for 150 ms$/),
    );
  });

  it.each([
    ['looking', (blobs: BlobStore) => blobs.stat('nar/a'), /cannot list .* no answer for 150 ms/],
    ['listing', (blobs: BlobStore) => Array.fromAsync(blobs.list('')), /cannot list .* no answer/],
    ['reading', (blobs: BlobStore) => take(blobs), /cannot read nar\/a from .* no answer for 150 ms/],
    ['deleting', (blobs: BlobStore) => blobs.delete('nar/a'), /cannot delete nar\/a in .* no answer/],
    ['sending', (blobs: BlobStore) => send(blobs, 9), /cannot send nar\/a to .* no answer for 150 ms/],
    ['sending parts', (blobs: BlobStore) => send(blobs, 17 << 20), /cannot send nar\/a to .* no answer/],
  ])('ends %s with an error that says so', async (_, act, message) => {
    await using blobs = await open();
    server.answers = '';

    await expect(act(blobs)).rejects.toMatchObject(unreachable(message));
  });

  it('in the middle of an answer ends reading it, and not before', async () => {
    await using blobs = await open();
    server.answers = xmlAnswer('the beginning', 100);
    const reading = blobs.read('nar/a')[Symbol.asyncIterator]();

    const text = async () => Buffer.from((await reading.next()).value ?? '').toString();
    expect(await text()).toBe('the beginning');
    // A reader that takes its time is not the server's fault.
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const socket of server.sockets) socket.write(' and more');
    expect(await text()).toBe(' and more');
    await expect(reading.next()).rejects.toMatchObject(
      unreachable(/cannot read nar\/a from .* nothing more came for 150 ms/),
    );
    // What is listed is text that is read to its end first.
    await expect(blobs.stat('nar/a')).rejects.toMatchObject(unreachable(/nothing more came for 150 ms/));
  });

  it('is not tried again by what has waited once, as clients do of their own accord', async () => {
    const patient = createPatientFetch({ silenceMs: 100, closing: new AbortController().signal });
    const url = `${server.url}/nars/nar/a`;
    server.answers = '';
    const work = async (): Promise<readonly unknown[]> => [
      await patient.fetch(url).catch((error: unknown) => error),
      await patient.fetch(url).catch((error: unknown) => error),
    ];
    const [first, again] = await patient.within(undefined, work);

    expect(first).toMatchObject({ message: 'there was no answer for 100 ms' });
    expect(again).toBe(first);
    expect(server.requests).toEqual(['GET /nars/nar/a']);
    // What has nothing to do with it is a new question.
    await patient.within(undefined, work);
    expect(server.requests).toHaveLength(2);
  });

  it('has more time for what takes time to send', async () => {
    const patient = createPatientFetch({ silenceMs: 50, closing: new AbortController().signal });
    server.answers = '';
    const body = Buffer.alloc(12_800);

    await expect(patient.fetch(`${server.url}/nars/nar/a`, { method: 'PUT', body })).rejects.toThrow(
      'there was no answer for 150 ms',
    );
  });

  it.each([
    ['looking', (blobs: BlobStore, signal: AbortSignal) => blobs.stat('nar/a', signal)],
    ['listing', (blobs: BlobStore, signal: AbortSignal) => Array.fromAsync(blobs.list('', signal))],
    ['reading', take],
    ['sending', (blobs: BlobStore, signal: AbortSignal) => send(blobs, 9, signal)],
  ])('is not waited for by %s that is aborted', async (_, act) => {
    await using blobs = await open({ timeoutMs: 60_000 });
    server.answers = '';
    server.requests = [];
    const abort = new AbortController();
    const outcome = act(blobs, abort.signal).then(
      () => 'done',
      (error: unknown) => error,
    );
    await expect.poll(() => server.requests.length).toBe(1);
    abort.abort();

    expect(await outcome).toMatchObject({ name: 'AbortError' });
    // The connection goes with it.
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  it('is not waited for by anything once it is closed', async () => {
    const blobs = await open({ timeoutMs: 60_000 });
    server.answers = '';
    server.requests = [];
    const outcome = blobs.delete('nar/a').catch((error: unknown) => error);
    await expect.poll(() => server.requests.length).toBe(1);
    await blobs[Symbol.asyncDispose]();

    expect(await outcome).toMatchObject({ name: 'AbortError' });
  });
});
