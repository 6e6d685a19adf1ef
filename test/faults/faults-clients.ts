import { firstValueFrom, from, lastValueFrom, toArray, type Observable } from 'rxjs';
import { TtrpcClient, TtrpcMetadata, type TtrpcCallOptions, type TtrpcStreamSource } from '../../src/index.js';
import { connect, type ChannelOptions, type RawStream } from '../../src/protocol/index.js';
import { decodeBlob, encodeBlob, FAULTS_PROTO, faultsService, type Blob } from './faults-servers.js';

/** The kinds of clients: the engine alone, and both kinds of proxies. */
export const CLIENT_KINDS = ['raw', 'promises', 'observables'] as const;

/** A client of the service, of any kind; streams are given and taken whole. */
export interface FaultsClient {
  echo(request: Blob, options: TtrpcCallOptions): Promise<Blob>;
  count(request: Blob, options: TtrpcCallOptions): Promise<Blob[]>;
  sum(requests: Iterable<Blob>, options: TtrpcCallOptions): Promise<Blob>;
  double(requests: Iterable<Blob>, options: TtrpcCallOptions): Promise<Blob[]>;
  close(): void;
}

/** Makes one; rejects when it is of the engine, which connects at once, and nobody is there. */
export async function faultsClient(
  kind: (typeof CLIENT_KINDS)[number],
  url: string,
  options: ChannelOptions,
): Promise<FaultsClient> {
  if (kind === 'raw') return rawClient(url, options);
  const client = new TtrpcClient({ ...options, url, protoPath: FAULTS_PROTO });
  const made = kind === 'promises' ? promises(client) : observables(client);
  return { ...made, close: () => void client.close() };
}

async function rawClient(url: string, options: ChannelOptions): Promise<FaultsClient> {
  const client = await connect(url, options);
  const { name } = faultsService;
  const send = async (stream: RawStream, requests: Iterable<Blob>): Promise<void> => {
    for (const request of requests) await stream.send(encodeBlob(request));
    stream.closeSend();
  };
  const receive = async (stream: RawStream, sending: Promise<void>): Promise<Blob[]> => {
    // The reader gets the error, too.
    sending.catch(() => undefined);
    const blobs: Blob[] = [];
    for await (const bytes of stream) blobs.push(decodeBlob(bytes));
    await sending;
    return blobs;
  };
  return {
    echo: async (request, each) => decodeBlob(await client.call(name, 'Echo', encodeBlob(request), each)),
    count: async (request, each) => {
      const stream = client.stream(name, 'Count', 'server-streaming', each);
      return receive(stream, stream.send(encodeBlob(request)));
    },
    sum: async (requests, each) => {
      const stream = client.stream(name, 'Sum', 'client-streaming', each);
      const [sum, ...more] = await receive(stream, send(stream, requests));
      if (sum === undefined || more.length > 0) throw new Error(`Sum gave ${1 + more.length} answers`);
      return sum;
    },
    double: async (requests, each) => {
      const stream = client.stream(name, 'Double', 'bidi', each);
      return receive(stream, send(stream, requests));
    },
    close: () => client.close(),
  };
}

type Calls = Omit<FaultsClient, 'close'>;

function promises(client: TtrpcClient): Calls {
  interface Proxy {
    echo(request: Blob, options: TtrpcCallOptions): Promise<Blob>;
    count(request: Blob, options: TtrpcCallOptions): AsyncIterable<Blob>;
    sum(requests: TtrpcStreamSource<Blob>, options: TtrpcCallOptions): Promise<Blob>;
    double(requests: TtrpcStreamSource<Blob>, options: TtrpcCallOptions): AsyncIterable<Blob>;
  }
  const proxy = client.getAsyncService<Proxy>('Faults');
  const all = async (stream: AsyncIterable<Blob>): Promise<Blob[]> => {
    const blobs: Blob[] = [];
    for await (const blob of stream) blobs.push(blob);
    return blobs;
  };
  return {
    echo: (request, options) => proxy.echo(request, options),
    count: (request, options) => all(proxy.count(request, options)),
    sum: (requests, options) => proxy.sum(requests, options),
    double: (requests, options) => all(proxy.double(requests, options)),
  };
}

function observables(client: TtrpcClient): Calls {
  interface Proxy {
    echo(request: Blob, options: TtrpcCallOptions): Observable<Blob>;
    count(request: Blob, options: TtrpcCallOptions): Observable<Blob>;
    sum(requests: TtrpcStreamSource<Blob>, options: TtrpcCallOptions): Observable<Blob>;
    double(requests: TtrpcStreamSource<Blob>, options: TtrpcCallOptions): Observable<Blob>;
  }
  const proxy = client.getService<Proxy>('Faults');
  return {
    echo: (request, options) => firstValueFrom(proxy.echo(request, options)),
    count: (request, options) => lastValueFrom(proxy.count(request, options).pipe(toArray())),
    sum: (requests, options) => firstValueFrom(proxy.sum(from(requests), options)),
    double: (requests, options) => lastValueFrom(proxy.double(from(requests), options).pipe(toArray())),
  };
}

/** The options of a call that the servers' journal knows as `id`. */
export function optionsOf(id: string, options: TtrpcCallOptions): TtrpcCallOptions {
  return { ...options, metadata: new TtrpcMetadata({ id }) };
}
