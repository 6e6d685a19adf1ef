import { createConnection } from 'node:net';
import { connect, type RawStream, type TtrpcError } from 'nestjs-ttrpc/protocol';
import type { CallEvent, ClientUnderTest, RunningCall } from '../run/client-case.js';

/** Our engine alone: one connection, on which all calls are made. */
export async function ourClient(path: string): Promise<ClientUnderTest> {
  const socket = createConnection(path);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  // A Duplex: streams must share it.
  const client = await connect(socket);
  return {
    start({ shape, service, method, request, metadata, timeoutMs }) {
      const abort = new AbortController();
      const options = { timeoutMs, metadata, signal: abort.signal };
      if (shape === 'unary') {
        return new UnaryCall(client.call(service, method, request ?? new Uint8Array(0), options), abort);
      }
      const stream = client.stream(service, method, shape, options);
      const call = new StreamCall(stream);
      if (shape === 'server-streaming') call.send(request ?? new Uint8Array(0));
      return call;
    },
    close() {
      client.close();
      return Promise.resolve();
    },
  };
}

function ended(error: unknown): CallEvent {
  const { code, message, details } = error as TtrpcError;
  if (typeof code !== 'number') throw new Error(`the call failed with what is no TtrpcError: ${String(error)}`);
  return { end: { code, message, details } };
}

class UnaryCall implements RunningCall {
  private readonly events: Promise<CallEvent[]>;
  private at = 0;

  constructor(
    answer: Promise<Uint8Array>,
    private readonly abort: AbortController,
  ) {
    this.events = answer.then(
      (message): CallEvent[] => [{ message }, { end: 'ok' }],
      (error: unknown) => [ended(error)],
    );
    // Looked at when the case asks for it.
    this.events.catch(() => undefined);
  }

  send(): void {
    throw new Error('a unary call sends no stream');
  }

  closeSend(): void {
    throw new Error('a unary call sends no stream');
  }

  cancel(): void {
    this.abort.abort();
  }

  async next(): Promise<CallEvent> {
    const event = (await this.events)[this.at++];
    if (event === undefined) throw new Error('the case asks for more than the call has');
    return event;
  }
}

class StreamCall implements RunningCall {
  private readonly messages: AsyncIterator<Uint8Array, undefined>;

  constructor(private readonly stream: RawStream) {
    this.messages = stream[Symbol.asyncIterator]();
  }

  send(message: Uint8Array): void {
    // What a failed call says to its sender it says to its reader, too.
    this.stream.send(message).catch(() => undefined);
  }

  closeSend(): void {
    this.stream.closeSend();
  }

  cancel(): void {
    this.stream.cancel();
  }

  async next(): Promise<CallEvent> {
    try {
      const result = await this.messages.next();
      return result.done === true ? { end: 'ok' } : { message: result.value };
    } catch (error) {
      return ended(error);
    }
  }
}
