import type { RawCallOptions, RawClient } from '../protocol/client/connect.js';
import { TtrpcError } from '../protocol/core/errors.js';
import { statusName, TtrpcStatus } from '../protocol/core/status.js';
import { nameOf } from '../schema/codec/reflection.js';
import type { Arguments } from './command.js';
import { NO_REQUEST } from './json/json-texts.js';
import { print, printError, styled } from './output.js';
import { plainJson, plainText } from './plain-text.js';
import type { Requests } from './requests.js';
import type { CommandMethod, CommandSchema } from './schema/command-schema.js';
import { sendingFailure } from './sending.js';
import { printStatus } from './status-output.js';
import { ToolError } from './tool-error.js';

/** Bytes and messages of one direction. */
interface Counted {
  messages: number;
  bytes: number;
}

/** The calls of one run of `ttrpc call`; its methods resolve with the exit status. */
export class Calls {
  readonly #verbose: boolean;
  readonly #emitDefaults: boolean;
  readonly #formatError: boolean;

  constructor(
    private readonly client: RawClient,
    private readonly schema: CommandSchema,
    private readonly method: CommandMethod,
    private readonly options: RawCallOptions,
    args: Arguments,
  ) {
    this.#verbose = args.count('verbose') > 0;
    this.#emitDefaults = args.count('emit-defaults') > 0;
    this.#formatError = args.count('format-error') > 0;
  }

  /** Says what is called, with which metadata. */
  async tell(metadata: Iterable<readonly [string, string]>): Promise<void> {
    const { service, name, shape, request, response } = this.method;
    await this.#note(`* ${service}/${name} (${shape}): ${nameOf(request)} -> ${nameOf(response)}`);
    for (const [key, value] of metadata) await this.#note(`* metadata ${key}: ${value}`);
  }

  /** One call for each request. */
  async each(requests: Requests, data: string | undefined): Promise<number> {
    let status = 0;
    let count = 0;
    for await (const request of requests) {
      count++;
      const ended = await this.#one(request);
      // The first failure counts; what comes after it is called all the same.
      status ||= ended;
      // Over a connection that is gone each would fail for the same reason.
      if (this.options.signal?.aborted || (ended !== 0 && this.client.status !== 'connected')) break;
    }
    // Between two calls, too: not all that was to be sent has been.
    if (this.options.signal?.aborted && status === 0) {
      return this.#failed(new TtrpcError(TtrpcStatus.CANCELLED, 'interrupted'));
    }
    if (count > 0) return status;
    if (data?.startsWith('@')) throw new ToolError(NO_REQUEST);
    return this.#one(new Uint8Array());
  }

  /** One call with a stream of requests. */
  async stream(requests: Requests): Promise<number> {
    return this.#streamed(requests, () => requests.stop());
  }

  async #one(request: Uint8Array): Promise<number> {
    const { service, name, receivesStream } = this.method;
    if (receivesStream) return this.#streamed([request], () => undefined);
    const start = performance.now();
    const sent = { messages: 1, bytes: request.length };
    const received = { messages: 0, bytes: 0 };
    try {
      await this.#noteMessage('> request 1', request);
      const response = await this.client.call(service, name, request, this.options);
      await this.#received(response, received, start);
    } catch (error) {
      return this.#ended(error, start, sent, received);
    }
    return this.#ended(undefined, start, sent, received);
  }

  async #streamed(
    requests: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    stopReading: () => void,
  ): Promise<number> {
    const { service, name, shape } = this.method;
    if (shape === 'unary') throw new TypeError('a unary call is not a stream');
    const start = performance.now();
    const sent = { messages: 0, bytes: 0 };
    const received = { messages: 0, bytes: 0 };
    const stream = this.client.stream(service, name, shape, this.options);
    const send = async (): Promise<void> => {
      for await (const request of requests) {
        sent.messages++;
        sent.bytes += request.length;
        await this.#noteMessage(`> request ${sent.messages}`, request);
        await stream.send(request);
      }
      stream.closeSend();
    };
    const sending = sendingFailure(stream, send());
    let failure: unknown;
    try {
      for await (const response of stream) await this.#received(response, received, start);
    } catch (error) {
      failure = error;
    }
    stopReading();
    const unsent = await sending;
    return this.#ended(unsent ? unsent.error : failure, start, sent, received);
  }

  async #received(response: Uint8Array, received: Counted, start: number): Promise<void> {
    received.messages++;
    received.bytes += response.length;
    const time = (performance.now() - start).toFixed(1);
    await this.#noteMessage(`< response ${received.messages} after ${time} ms`, response);
    let json: unknown;
    try {
      json = await this.schema.complete(() => this.schema.toJson(this.method.response, response, this.#emitDefaults));
    } catch (error) {
      const { message } = error as { message: string };
      throw new ToolError(`response ${received.messages} is not a ${nameOf(this.method.response)}: ${message}`, {
        cause: error,
      });
    }
    await print(`${plainJson(json)}\n`);
  }

  async #ended(error: unknown, start: number, sent: Counted, received: Counted): Promise<number> {
    const status = error instanceof TtrpcError ? statusName(error.rawCode) : error === undefined ? 'OK' : 'broken off';
    const time = (performance.now() - start).toFixed(1);
    await this.#note(`* ${status} after ${time} ms: sent ${counted(sent)}, received ${counted(received)}`);
    if (error === undefined) return 0;
    if (error instanceof TtrpcError) return this.#failed(error);
    throw error as Error;
  }

  #failed(error: TtrpcError): Promise<number> {
    return printStatus(error, this.schema, this.#formatError);
  }

  async #noteMessage(what: string, bytes: Uint8Array): Promise<void> {
    await this.#note(`${what}: ${bytes.length} bytes`);
  }

  async #note(text: string): Promise<void> {
    if (this.#verbose) await printError(`${styled('dim', plainText(text), process.stderr)}\n`);
  }
}

function counted({ messages, bytes }: Counted): string {
  return `${messages} message${messages === 1 ? '' : 's'} (${bytes} bytes)`;
}
