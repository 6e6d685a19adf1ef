import protobuf from 'protobufjs';

/** The fields of a ServerReflectionRequest, by what is asked. */
const REQUESTS = { fileByFilename: 3, fileContainingSymbol: 4, listServices: 7 } as const;

/** A file as a server has sent it. */
export interface ReflectedFile {
  readonly name: string;
  /** The names of the files that it needs. */
  readonly imports: readonly string[];
  /** A FileDescriptorProto. */
  readonly bytes: Uint8Array;
}

/** What the command reads of a ServerReflectionResponse. */
export interface ReflectionResponse {
  readonly files: ReflectedFile[];
  /** The names of services. */
  readonly services: string[];
  error?: { readonly code: number; readonly message: string };
}

/**
 * A ServerReflectionRequest of grpc.reflection.v1, which is that of v1alpha. By hand, as {@link readResponse}: code that
 * protobufjs generates for these messages takes longer than the calls.
 */
export function requestOf(asked: keyof typeof REQUESTS, value: string): Uint8Array {
  return protobuf.Writer.create().uint32(tag(REQUESTS[asked])).string(value).finish();
}

/** Reads a ServerReflectionResponse. @throws RangeError or Error when the bytes are none */
export function readResponse(bytes: Uint8Array): ReflectionResponse {
  const response: ReflectionResponse = { files: [], services: [] };
  forEachField(bytes, {
    // A FileDescriptorResponse.
    [tag(4)]: (part) => {
      forEachField(part.bytes(), { [tag(1)]: (file) => void response.files.push(fileOf(file.bytes())) });
    },
    // A ListServiceResponse of ServiceResponses.
    [tag(6)]: (part) => {
      forEachField(part.bytes(), {
        [tag(1)]: (service) => {
          forEachField(service.bytes(), { [tag(1)]: (name) => void response.services.push(name.string()) });
        },
      });
    },
    // An ErrorResponse.
    [tag(7)]: (part) => {
      const error = { code: 0, message: '' };
      forEachField(part.bytes(), {
        [tag(1, VARINT)]: (code) => (error.code = code.int32()),
        [tag(2)]: (message) => (error.message = message.string()),
      });
      response.error = error;
    },
  });
  return response;
}

/** The part of a FileDescriptorProto that says which files are needed, too. */
function fileOf(bytes: Uint8Array): ReflectedFile {
  let name = '';
  const imports: string[] = [];
  forEachField(bytes, {
    [tag(1)]: (reader) => (name = reader.string()),
    [tag(3)]: (reader) => void imports.push(reader.string()),
  });
  return { name, imports, bytes };
}

const VARINT = 0;
const LENGTH_DELIMITED = 2;

function tag(field: number, wireType = LENGTH_DELIMITED): number {
  return (field << 3) | wireType;
}

function forEachField(bytes: Uint8Array, readers: Readonly<Record<number, (reader: protobuf.Reader) => void>>): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const next = reader.uint32();
    const read = readers[next];
    if (read) read(reader);
    else reader.skipType(next & 7);
  }
}
