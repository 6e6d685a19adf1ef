import { TtrpcStatus } from '../protocol/core/status.js';
import type { DescribedFile, DescriptorPool } from './descriptor-pool.js';

/** A request of the reflection protocol; one of the members after `host` is set. */
export interface ReflectionRequest {
  host?: string;
  file_by_filename?: string;
  file_containing_symbol?: string;
  file_containing_extension?: { containing_type?: string; extension_number?: number };
  all_extension_numbers_of_type?: string;
  list_services?: string;
}

/** A response of the reflection protocol; one of the members after `original_request` is set. */
export interface ReflectionResponse {
  valid_host: string;
  original_request: ReflectionRequest;
  file_descriptor_response?: { file_descriptor_proto: Uint8Array[] };
  all_extension_numbers_response?: { base_type_name: string; extension_number: number[] };
  list_services_response?: { service: { name: string }[] };
  error_response?: { error_code: number; error_message: string };
}

/** How much of a name an error shows, in characters: it comes from the peer. */
const SHOWN = 200;

/** What a server says of itself. */
export interface Reflected {
  /** The names of the services, in the order in which they are listed. */
  readonly services: readonly string[];
  /** @throws SchemaError for .proto files that are not readable any more */
  readonly pool: DescriptorPool;
}

/** One stream of requests: a file is sent once on it, as an import of others. */
export class ReflectionStream {
  readonly #sent = new Set<DescribedFile>();

  constructor(private readonly reflected: Reflected) {}

  /** The response to one request. */
  respond(request: ReflectionRequest): ReflectionResponse {
    return { valid_host: request.host ?? '', original_request: request, ...this.#respondTo(request) };
  }

  #respondTo(request: ReflectionRequest): Partial<ReflectionResponse> {
    const { reflected } = this;
    const {
      file_by_filename: name,
      file_containing_symbol: symbol,
      file_containing_extension: extension,
      all_extension_numbers_of_type: type,
    } = request;
    if (name !== undefined) return this.#files(reflected.pool.file(name), `file ${shown(name)}`);
    if (symbol !== undefined) return this.#files(reflected.pool.fileOfSymbol(plain(symbol)), `symbol ${shown(symbol)}`);
    if (extension !== undefined) {
      const { containing_type: extended = '', extension_number: number = 0 } = extension;
      return this.#files(
        reflected.pool.fileOfExtension(plain(extended), number),
        `extension ${number} of ${shown(extended)}`,
      );
    }
    if (type !== undefined) {
      const numbers = reflected.pool.extensionNumbers(plain(type));
      if (numbers === undefined) return notFound(`message type ${shown(type)}`);
      return { all_extension_numbers_response: { base_type_name: plain(type), extension_number: numbers } };
    }
    if (request.list_services !== undefined) {
      return { list_services_response: { service: reflected.services.map((each) => ({ name: each })) } };
    }
    return error(TtrpcStatus.INVALID_ARGUMENT, 'the request asks for nothing: none of its message_request is set');
  }

  #files(file: DescribedFile | undefined, what: string): Partial<ReflectionResponse> {
    if (file === undefined) return notFound(what);
    const files = this.reflected.pool.withImports(file).filter((each) => each === file || !this.#sent.has(each));
    for (const each of files) this.#sent.add(each);
    return { file_descriptor_response: { file_descriptor_proto: files.map(({ bytes }) => bytes) } };
  }
}

function notFound(what: string): Partial<ReflectionResponse> {
  return error(TtrpcStatus.NOT_FOUND, `${what} is not among what this server describes`);
}

function error(code: TtrpcStatus, message: string): Partial<ReflectionResponse> {
  return { error_response: { error_code: code, error_message: message } };
}

/** A name without the dot in front that marks it as complete. */
function plain(name: string): string {
  return name.startsWith('.') ? name.slice(1) : name;
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, SHOWN));
}
