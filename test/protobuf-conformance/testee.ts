// The program that protobuf's conformance runner talks to: decodes each message with our codec and encodes it again.
// Requests and responses are framed by a length of four bytes, little-endian, on standard input and output.
//   testee.ts <folder of the suite's .proto files>
import { readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { DecodeError, loadSchema } from '../../src/schema/index.js';

/** The types that the runner names are in these files. */
const FILES = [
  'google/protobuf/test_messages_proto2.proto',
  'google/protobuf/test_messages_proto3.proto',
  'google/protobuf/test_messages_proto2_editions.proto',
  'google/protobuf/test_messages_proto3_editions.proto',
  'google/protobuf/test_messages_edition2023.proto',
];
const PROTOBUF = 1;

interface Request {
  protobufPayload?: Uint8Array;
  requestedOutputFormat?: number;
  messageType?: string;
}

const include = process.argv[2] ?? '';
const schema = loadSchema({ protoPath: FILES, loader: { includeDirs: [include] } });
// What is tested must not carry the test: its own messages go through protobufjs.
const suite = new protobuf.Root();
suite.loadSync(join(include, 'conformance/conformance.proto'));
const RequestType = suite.lookupType('conformance.ConformanceRequest');
const ResponseType = suite.lookupType('conformance.ConformanceResponse');

for (let bytes = read(); bytes !== undefined; bytes = read()) {
  const request = RequestType.decode(bytes) as unknown as Request;
  write(ResponseType.encode(ResponseType.fromObject(respond(request))).finish());
}

function respond(request: Request): object {
  const { messageType = '', protobufPayload, requestedOutputFormat } = request;
  // The runner asks first which failures the program knows of; the run script hands it the list.
  if (messageType === 'conformance.FailureSet') return { protobufPayload: Buffer.alloc(0) };
  // What was not sent is read from the prototype.
  if (!protobufPayload || !Object.hasOwn(request, 'protobufPayload') || requestedOutputFormat !== PROTOBUF) {
    return { skipped: 'the codec is for the binary format' };
  }
  const type = schema.findType(messageType);
  if (!type) return { runtimeError: `no message type '${messageType}'` };
  let message: unknown;
  try {
    message = type.decode(protobufPayload);
  } catch (error) {
    return error instanceof DecodeError ? { parseError: error.message } : { runtimeError: textOf(error) };
  }
  try {
    return { protobufPayload: type.encode(message) };
  } catch (error) {
    return { serializeError: textOf(error) };
  }
}

function textOf(error: unknown): string {
  return (error as { stack?: string }).stack ?? String(error);
}

/** The next request, or undefined when the runner has no more. */
function read(): Buffer | undefined {
  const length = readExactly(4);
  return length && readExactly(length.readUInt32LE());
}

function readExactly(size: number): Buffer | undefined {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size;) {
    const count = readSync(0, bytes, at, size - at, null);
    if (count === 0) return undefined;
    at += count;
  }
  return bytes;
}

function write(bytes: Uint8Array): void {
  const frame = Buffer.alloc(4 + bytes.length);
  frame.writeUInt32LE(bytes.length);
  frame.set(bytes, 4);
  for (let at = 0; at < frame.length;) at += writeSync(1, frame, at);
}
