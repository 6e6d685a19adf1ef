import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { TtrpcClient, type TtrpcClientOptions } from 'nestjs-ttrpc';
import {
  Driver,
  type BurstSpec,
  type CallOp,
  type CallResult,
  type CallSpec,
  type Channel,
  type TestCall,
  type TestCallResult,
} from '../peer.js';
import { burst } from './burst.js';
import { CallRecord } from './call-record.js';
import { Changes } from './changes.js';
import { writeClientProto } from './client-schema.js';
import type { Flavour } from './flavour.js';
import { loader } from './messages.js';
import { callers } from './proxies.js';
import type { RunningCall } from './running-call.js';
import { TestServiceCall } from './test-service-call.js';

/** The rpcs that a call means unless it names one: those with messages, and those without. */
const METHODS: Record<CallOp, readonly [string, string]> = {
  unary: ['Unary', 'Nothing'],
  'server-stream': ['ServerStream', 'NothingServerStream'],
  'client-stream': ['ClientStream', 'NothingClientStream'],
  bidi: ['Bidi', 'NothingStream'],
};

/** Options of our clients beside their address and schema. */
export type NestDriverOptions = Pick<TtrpcClientOptions, 'streams' | 'maxStreamConnections' | 'streamIdleMs'>;

/** Our client, in this process. */
export async function startNestDriver(flavour: Flavour, options: NestDriverOptions = {}): Promise<Driver> {
  return new Driver('nest', await nestDriver(flavour, options));
}

/** As {@link startNestDriver}, for whoever obeys commands in a process of its own. */
export async function nestDriver(flavour: Flavour, options: NestDriverOptions = {}): Promise<Channel> {
  return new NestDriver(flavour, await writeClientProto(), options);
}

type Fields = CallSpec & BurstSpec & { connection: string; address: string; call?: string };

class NestDriver implements Channel {
  readonly #clients = new Map<string, TtrpcClient>();
  readonly #calls = new Map<string, RunningCall>();
  readonly #changes = new Changes();
  /** What net.connect() made, for what only a socket can do. */
  readonly #sockets = new Set<Socket>();
  readonly #onSocket = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  };

  constructor(
    private readonly flavour: Flavour,
    private readonly schema: { protoPaths: string[]; remove(): Promise<void> },
    private readonly options: NestDriverOptions,
  ) {
    subscribe('net.client.socket', this.#onSocket);
  }

  async command(op: string, given: object = {}): Promise<unknown> {
    const fields = given as Fields;
    switch (op) {
      case 'connect': {
        const { protoPaths: protoPath } = this.schema;
        const client = new TtrpcClient({ ...this.options, url: fields.address, protoPath, loader });
        this.#clients.set(fields.connection, client);
        await client.connect();
        return {};
      }
      case 'close': {
        const client = this.#client(fields.connection);
        this.#clients.delete(fields.connection);
        for (const [name, record] of this.#calls) if (record.over) this.#calls.delete(name);
        await client.close();
        return {};
      }
      case 'half-close':
        for (const socket of this.#sockets) socket.end();
        return {};
      case 'cancel':
        this.#call(fields.call).cancel();
        return {};
      case 'await-replies': {
        const call = this.#call(fields.call);
        const what = (): string => `call ${fields.call} has ${call.replies} replies, expected ${fields.count}`;
        return this.#changes.until(() => {
          if (call.replies >= fields.count) return {};
          if (call.over) throw new Error(what());
          return undefined;
        }, what);
      }
      case 'progress':
        return this.#call(fields.call).progress;
      case 'burst':
        return burst(this.#client(fields.connection), this.flavour, fields);
      case 'unary':
      case 'server-stream':
      case 'client-stream':
      case 'bidi':
        return this.#run({ ...fields, op });
      case 'test-service':
        return this.#testService(given as TestCall & Fields);
      default:
        throw new Error(`unknown command ${JSON.stringify(op)}`);
    }
  }

  async #run(spec: Fields): Promise<CallResult> {
    if (spec.wireTimeoutMs !== undefined) throw new Error('our client keeps the deadlines of its calls itself');
    const record = new CallRecord(spec, this.#changes);
    if (spec.call !== undefined) this.#calls.set(spec.call, record);
    const method = spec.method ?? METHODS[spec.op][spec.empty ? 1 : 0];
    const client = this.#client(spec.connection);
    try {
      await callers[this.flavour](client, spec.service ?? 'interop.v1.Interop', method, record);
    } catch (error) {
      return record.result(error);
    }
    return record.result();
  }

  async #testService(spec: TestCall & Fields): Promise<TestCallResult> {
    const call = new TestServiceCall(spec, this.#changes);
    if (spec.call !== undefined) this.#calls.set(spec.call, call);
    const client = this.#client(spec.connection);
    try {
      await callers[this.flavour](client, spec.service ?? 'grpc.testing.TestService', spec.rpc, call);
    } catch (error) {
      return call.result(error);
    }
    return call.result();
  }

  #client(connection: string): TtrpcClient {
    const client = this.#clients.get(connection);
    if (client === undefined) throw new Error(`connection "${connection}" is not open`);
    return client;
  }

  #call(name: string | undefined): RunningCall {
    const call = this.#calls.get(name ?? '');
    if (call === undefined) throw new Error(`call "${name}" is not known`);
    return call;
  }

  async stop(): Promise<void> {
    unsubscribe('net.client.socket', this.#onSocket);
    for (const client of this.#clients.values()) await client.close();
    await this.schema.remove();
  }
}
