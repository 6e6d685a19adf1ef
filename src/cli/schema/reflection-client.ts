import protobuf from 'protobufjs';
import type { RawClient } from '../../protocol/client/connect.js';
import { TtrpcError } from '../../protocol/core/errors.js';
import { statusName, TtrpcStatus } from '../../protocol/core/status.js';
import { lastSegment } from '../../protocol/core/suggest.js';
import { ToolError } from '../tool-error.js';
import { schemaOfSetBytes } from './source-flags.js';
import { serviceHint } from './service-hint.js';
import { readResponse, requestOf, type ReflectionResponse as Response } from './reflection-messages.js';
import type { CommandSchema } from './command-schema.js';

const SERVICES = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];
const METHOD = 'ServerReflectionInfo';

/** How long a server may take to tell its schema unless something else is said, in ms. */
export const REFLECTION_MS = 10_000;

/** What servers without reflection say. */
const NOT_SERVED: readonly TtrpcStatus[] = [TtrpcStatus.UNIMPLEMENTED, TtrpcStatus.NOT_FOUND];

/** True for the response of a server without the service; ttrpc-rust's is INVALID_ARGUMENT. */
function isNotServed({ code, message }: TtrpcError): boolean {
  return (
    NOT_SERVED.includes(code) || (code === TtrpcStatus.INVALID_ARGUMENT && message.endsWith('service does not exist'))
  );
}

/** True for what {@link reflect} says of a server that has no reflection, and not of one whose reflection fails. */
export function saysNoReflection({ cause }: ToolError): boolean {
  return cause instanceof TtrpcError && isNotServed(cause);
}

/** Options of {@link reflect}. */
export interface ReflectOptions {
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** As in `schemaOfFlags`. */
  asSpelled?: boolean | undefined;
  /** All services where the symbol is not known: what it means is looked for among what they need. */
  orAll?: boolean | undefined;
}

/**
 * Asks a server for its schema, by grpc.reflection.v1 or v1alpha: of all its services, or of `symbol` alone.
 * @throws ToolError when it has no reflection or does not know the symbol
 */
export async function reflect(
  client: RawClient,
  symbol?: string,
  options: ReflectOptions = {},
): Promise<CommandSchema> {
  const files = await withReflection(client, options, async (session) => {
    const names = symbol === undefined ? await listed(session) : [symbol];
    const found = new Map<string, Uint8Array>();
    for (const name of names) await fetchSymbol(session, name, found, symbol !== undefined, options.orAll);
    return found;
  });
  if (files.size === 0) {
    const why = symbol === undefined ? 'it lists no services' : `it sends no file for '${symbol}'`;
    throw new ToolError(`the server's reflection describes nothing: ${why}`);
  }
  return schemaOfFiles(files, options);
}

/**
 * Asks a server for a schema with the message type `name`, by its full name; undefined when the server does not know it.
 * @throws ToolError when its reflection fails
 */
export async function reflectType(
  client: RawClient,
  name: string,
  options: ReflectOptions = {},
): Promise<CommandSchema | undefined> {
  const files = await withReflection(client, options, async (session) => {
    const found = new Map<string, Uint8Array>();
    const response = await session.ask('fileContainingSymbol', name);
    if (!response.error) await fetchFiles(session, response, found);
    return found;
  });
  return files.size === 0 ? undefined : schemaOfFiles(files, options);
}

function schemaOfFiles(files: ReadonlyMap<string, Uint8Array>, { asSpelled }: ReflectOptions): CommandSchema {
  const set = Buffer.concat([...files.values()].map(asFileOfSet));
  return schemaOfSetBytes(set, "the server's reflection", asSpelled);
}

/** The names of the services that a server has, by its reflection. @throws ToolError when it has none */
export async function reflectServices(client: RawClient, options: ReflectOptions = {}): Promise<string[]> {
  return withReflection(client, options, listed);
}

async function listed(session: Session): Promise<string[]> {
  const { services, error } = await session.ask('listServices', '');
  if (error) throw refused('it does not list its services', error);
  return services.sort();
}

async function withReflection<T>(
  client: RawClient,
  options: ReflectOptions,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  let why: TtrpcError | undefined;
  for (const service of SERVICES) {
    const session = new Session(client, service, options);
    try {
      return await use(session);
    } catch (error) {
      if (!(error instanceof TtrpcError)) throw error;
      why = error;
      if (!isNotServed(error)) break;
    } finally {
      session.end();
    }
  }
  if (why && isNotServed(why)) {
    throw new ToolError('the server has no reflection: give its schema with --proto or --protoset', { cause: why });
  }
  const { rawCode, message } = why ?? new TtrpcError(TtrpcStatus.UNKNOWN, '');
  throw new ToolError(`the server's reflection failed: ${statusName(rawCode)}: ${message}`, { cause: why });
}

/** Puts the file of `symbol` and all that it imports into `found`. */
async function fetchSymbol(
  session: Session,
  symbol: string,
  found: Map<string, Uint8Array>,
  isAsked: boolean,
  orAll = false,
): Promise<void> {
  const response = await session.ask('fileContainingSymbol', symbol);
  if (response.error) {
    if (!isAsked) throw refused(`it lists '${symbol}' and does not describe it`, response.error);
    const known = await listed(session);
    if (orAll && known.length > 0) {
      for (const name of known) await fetchSymbol(session, name, found, false);
      return;
    }
    const short = known.filter((name) => lastSegment(name) === symbol);
    if (short.length === 1) return fetchSymbol(session, short[0] as string, found, false);
    const list = known.length === 0 ? 'it lists no services' : `it has ${known.join(', ')}`;
    throw new ToolError(`the server does not know '${symbol}': ${list}.${serviceHint(symbol, known)}`);
  }
  await fetchFiles(session, response, found);
}

/** Puts the files of `response` and all that they import into `found`. */
async function fetchFiles(session: Session, response: Response, found: Map<string, Uint8Array>): Promise<void> {
  const missing = new Set<string>();
  addFiles(response, found, missing);
  for (const name of missing) {
    if (found.has(name)) continue;
    const file = await session.ask('fileByFilename', name);
    if (file.error) throw refused(`it does not have the file '${name}'`, file.error);
    // A Set gives what is added while it is walked through, too.
    addFiles(file, found, missing);
  }
}

function addFiles(response: Response, found: Map<string, Uint8Array>, missing: Set<string>): void {
  for (const { name, imports, bytes } of response.files) {
    found.set(name, bytes);
    for (const each of imports) missing.add(each);
  }
}

function refused(what: string, { code, message }: NonNullable<Response['error']>): ToolError {
  return new ToolError(`the server's reflection failed: ${what}: ${statusName(code)}: ${message}`);
}

/** One reflection stream: a question at a time. */
class Session {
  readonly #stream;
  readonly #responses;

  constructor(client: RawClient, service: string, { timeoutMs, signal }: ReflectOptions) {
    this.#stream = client.stream(service, METHOD, 'bidi', { timeoutMs, signal });
    this.#responses = this.#stream[Symbol.asyncIterator]();
  }

  async ask(...request: Parameters<typeof requestOf>): Promise<Response> {
    const sent = this.#stream.send(requestOf(...request));
    // Its error is the reader's, too.
    sent.catch(() => undefined);
    const next = await this.#responses.next();
    if (next.done) throw new TtrpcError(TtrpcStatus.UNKNOWN, 'it ended the stream before it responded');
    try {
      return readResponse(next.value);
    } catch (cause) {
      const { message } = cause as { message: string };
      throw new ToolError(`the server's reflection failed: its response cannot be read: ${message}`, { cause });
    }
  }

  end(): void {
    this.#stream.closeSend();
    this.#stream.cancel();
  }
}

/** A FileDescriptorProto as the field `file` of a FileDescriptorSet. */
function asFileOfSet(file: Uint8Array): Uint8Array {
  return protobuf.Writer.create().uint32(10).bytes(file).finish();
}
