/**
 * One connection to a daemon: a strictly sequential channel of operations.
 *
 * States: idle (a call may start), busy (one call is under way), broken (the transport is gone for good). A call that
 * the daemon refuses leaves the connection idle but suspect, because a daemon closes the connection after some
 * refusals; `ping` tells. Everything else that goes wrong breaks it: after a half-read answer nothing that follows
 * could be trusted. Breaking is also how a call is ended early, for the daemon stops what it does for a lost client.
 */

import { AppError } from '../util/app-error.ts';
import { type DaemonOptions, daemonOptions, sameDaemonOptions, setOptions } from './daemon-options.ts';
import { FramedWriter } from './framed-writer.ts';
import { type Greeting, handshake } from './handshake.ts';
import { protocolError } from './protocol-error.ts';
import type { Request } from './request.ts';
import { drainStderr } from './stderr-loop.ts';
import type { BuildOptions, CallOptions } from './store.ts';
import type { Transport } from './transport.ts';
import { WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

/** Requests are sent in batches of about this size. */
const sendBytes = 32 * 1024;

/** What a daemon says last when it gets SIGTERM, as at the shutdown of its machine. */
const stoppedText = 'interrupted by the user';

export interface ConnectionOptions {
  /** The store's name, for messages. */
  readonly name: string;
  /** Nix settings for every call. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Say nothing of how to build, at any time: the daemon does as it is configured. */
  readonly asConfigured?: boolean | undefined;
  /** Ends the handshake. */
  readonly signal?: AbortSignal | undefined;
}

export class Connection implements AsyncDisposable {
  readonly #name: string;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #asConfigured: boolean;
  readonly #transport: Transport;
  readonly #reader: WireReader;
  readonly #writer: WireWriter;
  #greeting: Greeting = { protocol: { major: 1, minor: 0 }, nixVersion: '', trusted: undefined };
  #told: DaemonOptions | undefined;
  #state: 'idle' | 'busy' | 'broken' = 'idle';
  #suspect = false;
  #disposed = false;
  #gone: Promise<void> | undefined;

  private constructor(transport: Transport, options: ConnectionOptions) {
    this.#name = options.name;
    this.#settings = options.settings ?? {};
    this.#asConfigured = options.asConfigured ?? false;
    this.#transport = transport;
    this.#reader = new WireReader(transport.input);
    this.#writer = new WireWriter(transport.output);
  }

  /** Greets the daemon at the other end; the transport is destroyed when that fails. */
  static async open(transport: Transport, options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(transport, options);
    try {
      await connection.#exclusively('greeting the daemon', options, async () => {
        connection.#greeting = await handshake(connection.#reader, connection.#writer);
      });
      await connection.#tell(daemonOptions(connection.#settings, undefined), options);
      return connection;
    } catch (error) {
      await connection.#break();
      throw error;
    }
  }

  get greeting(): Greeting {
    return this.#greeting;
  }

  /** False once it is broken, or the other end has closed it. */
  get usable(): boolean {
    return this.#state !== 'broken' && this.#reader.ended === undefined;
  }

  /** After a refusal: true when the daemon still listens. Never throws. */
  async ping(): Promise<boolean> {
    if (!this.usable) return false;
    if (!this.#suspect) return true;
    if (this.#asConfigured) {
      // There is nothing that could be asked without saying something.
      await this.#break();
      return false;
    }
    try {
      await this.#run(setOptions(this.#told ?? daemonOptions(this.#settings, undefined)), {});
      this.#suspect = false;
      return true;
    } catch {
      await this.#break();
      return false;
    }
  }

  /** Runs one operation. Build options are told to the daemon first where they differ from the last ones. */
  async call<T>(request: Request<T>, options: BuildOptions = {}): Promise<T> {
    this.#checkVersion(request);
    await this.#tell(daemonOptions(this.#settings, options), options);
    return this.#run(request, options);
  }

  /** Runs many operations without waiting for one's answer before the next is sent; answers in order. */
  async pipeline<T>(requests: readonly Request<T>[], options: CallOptions = {}): Promise<T[]> {
    const [first] = requests;
    if (first === undefined) return [];
    const what = requests.length === 1 ? first.what : `${first.what} and ${requests.length - 1} more`;
    return this.#exclusively(what, options, async () => {
      const sending = this.#sendAll(requests);
      const receiving = this.#receiveAll(requests, options);
      receiving.catch(() => {});
      let complete = false;
      try {
        const [answers] = await Promise.all([receiving, sending]);
        complete = true;
        return answers;
      } catch (error) {
        // When it hung up while we were sending, it may have said why.
        if (error === this.#writer.closed) await receiving;
        throw error;
      } finally {
        // After a failure, further answers are on their way that nobody will read.
        if (!complete) await this.#break();
      }
    });
  }

  /** Runs an operation whose result is a stream; the connection is broken unless it is read to its end. */
  async *stream(
    request: Request<AsyncIterable<Uint8Array>>,
    options: CallOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    using use = this.#begin(request.what, options);
    try {
      request.write(this.#writer.u64(request.op));
      await this.#writer.flush();
      await this.#drain(options);
      yield* await request.read(this.#reader, this.#greeting.protocol.minor);
      use.done();
    } catch (error) {
      throw await this.#explain(error, request.what, options);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    const goodbye = this.#state === 'idle' && this.#reader.ended === undefined;
    this.#state = 'broken';
    if (goodbye) this.#gone ??= this.#transport.close();
    await this.#break();
  }

  async #tell(wanted: DaemonOptions, options: CallOptions): Promise<void> {
    if (this.#asConfigured) return;
    if (this.#told !== undefined && sameDaemonOptions(this.#told, wanted)) return;
    await this.#run(setOptions(wanted), options);
    this.#told = wanted;
  }

  async #run<T>(request: Request<T>, options: CallOptions): Promise<T> {
    return this.#exclusively(request.what, options, async () => {
      request.write(this.#writer.u64(request.op));
      await this.#writer.flush();
      if (request.frames === undefined) await this.#drain(options);
      else await this.#sendFrames((framed) => request.frames?.(framed), options);
      return request.read(this.#reader, this.#greeting.protocol.minor);
    });
  }

  /**
   * Sends a framed stream while reading what the daemon says, so that neither side can wait for the other for ever.
   * A daemon that answers before it has all of it has refused; what is still to be sent would be taken for the next
   * operation, so the connection is broken then.
   */
  async #sendFrames(
    frames: (framed: FramedWriter) => Promise<void> | undefined,
    options: CallOptions,
  ): Promise<void> {
    let sent = false;
    const send = async (): Promise<void> => {
      const framed = new FramedWriter(this.#writer);
      await frames(framed);
      await framed.flush();
      // From here on nothing is held back: the answer may come before the stream tells that it has room again.
      sent = true;
      await framed.end();
    };
    const sending = send();
    const answer = this.#drain(options);
    // Both are awaited below, one after the other: what fails meanwhile must not count as unhandled.
    sending.catch(() => {});
    answer.catch(() => {});
    try {
      await Promise.race([answer, sending]);
      if (!sent) throw protocolError('the daemon answered before it had all that was to be sent');
      await sending;
      await answer;
    } catch (error) {
      // When it hung up while we were sending, it may have said why.
      if (error === this.#writer.closed) await answer;
      throw error;
    } finally {
      if (!sent) await this.#break();
    }
  }

  async #sendAll(requests: readonly Request<unknown>[]): Promise<void> {
    for (const request of requests) {
      request.write(this.#writer.u64(request.op));
      if (request.frames !== undefined) {
        const framed = new FramedWriter(this.#writer);
        await request.frames(framed);
        await framed.end();
      } else if (this.#writer.pending > sendBytes) {
        await this.#writer.flush();
      }
    }
    await this.#writer.flush();
  }

  async #receiveAll<T>(requests: readonly Request<T>[], options: CallOptions): Promise<T[]> {
    const answers: T[] = [];
    for (const request of requests) {
      await this.#drain(options);
      answers.push(await request.read(this.#reader, this.#greeting.protocol.minor));
    }
    return answers;
  }

  async #drain(options: CallOptions): Promise<void> {
    await drainStderr(this.#reader, options.onLog);
  }

  async #exclusively<T>(what: string, options: CallOptions, work: () => Promise<T>): Promise<T> {
    using use = this.#begin(what, options);
    try {
      const result = await work();
      use.done();
      return result;
    } catch (error) {
      throw await this.#explain(error, what, options);
    }
  }

  /** Marks the connection as busy until disposed; if that comes before `done` or a refusal, it is broken. */
  #begin(what: string, options: CallOptions): Disposable & { done(): void } {
    if (options.signal?.aborted) throw new AppError('interrupted', `interrupted: ${what} on ${this.#name}`);
    if (this.#state === 'busy') throw new Error(`${what}: the connection is busy`);
    if (this.#state === 'broken') {
      throw new AppError('store.unreachable', `${this.#name}: ${what}: the connection is closed`);
    }
    this.#state = 'busy';
    const onAbort = (): void => void this.#break();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    return {
      done: () => {
        if (this.#state === 'busy') this.#state = 'idle';
      },
      [Symbol.dispose]: () => {
        options.signal?.removeEventListener('abort', onAbort);
        if (this.#state === 'busy') void this.#break();
      },
    };
  }

  /** What the caller is told; decides whether the connection lives on. */
  async #explain(error: unknown, what: string, options: CallOptions): Promise<unknown> {
    if (options.signal?.aborted) {
      await this.#break();
      return new AppError('interrupted', `interrupted: ${what} on ${this.#name}`, { cause: error });
    }
    if (!(error instanceof AppError)) {
      await this.#break();
      return error;
    }
    if (this.#disposed || (error.code === 'store.refused' && error.message === stoppedText)) {
      const why = this.#disposed ? 'the connection has been closed' : 'its daemon was stopped';
      await this.#break();
      return new AppError('store.unreachable', `${this.#name}, ${what}: ${why}`, { cause: error });
    }
    if (error.code === 'store.refused') {
      this.#suspect = true;
      if (this.#state === 'busy') this.#state = 'idle';
      return new AppError('store.refused', `${this.#name}, ${what}: ${error.message}`, { cause: error });
    }
    const ours = error === this.#reader.ended || error === this.#writer.closed;
    const tail = ours ? await this.#transport.diagnostics() : '';
    await this.#break();
    if (!ours && error.code !== 'store.protocol') return error;
    const message = `${this.#name}, ${what}: ${error.message}${tail === '' ? '' : `\n${tail}`}`;
    return new AppError(error.code, message, { cause: error, hint: error.hint });
  }

  #checkVersion(request: Request<unknown>): void {
    const { minor } = this.#greeting.protocol;
    if (minor >= (request.since ?? 0)) return;
    throw new AppError(
      'store.protocol',
      `${this.#name}, ${request.what}: needs version 1.${request.since} of the worker protocol, its Nix speaks 1.${minor}`,
      { hint: 'Install a newer Nix there.' },
    );
  }

  #break(): Promise<void> {
    this.#state = 'broken';
    this.#gone ??= this.#transport.destroy();
    return this.#gone;
  }
}
