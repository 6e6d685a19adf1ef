// The program that protobuf's conformance runner talks to: decodes each message with our codec and encodes it again; from
// JSON and to JSON with the conversion of the ttrpc command.
// Requests and responses are framed by a length of four bytes, little-endian, on standard input and output.
//   testee.ts <folder of the suite's .proto files>
import { readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { JsonMismatch } from '../../src/cli/json/json-mismatch.js';
import { jsonText } from '../../src/cli/json/json-text.js';
import { parsedJson } from '../../src/cli/json/parsed-json.js';
import { schemaOfProtos } from '../../src/cli/schema/source-flags.js';
import { DecodeError, loadSchema } from '../../src/schema/index.js';

/** The types that the runner names are in these files. */
const FILES = [
  'google/protobuf/test_messages_proto2.proto',
  'google/protobuf/test_messages_proto3.proto',
  'google/protobuf/test_messages_proto2_editions.proto',
  'google/protobuf/test_messages_proto3_editions.proto',
  'google/protobuf/test_messages_edition2023.proto',
];
/** Numbers of conformance.WireFormat. */
const PROTOBUF = 1;
const JSON_FORMAT = 2;
/** Of conformance.TestCategory: unknown fields in JSON are to be ignored, which the command refuses, as Go's protojson. */
const IGNORES_UNKNOWN = 3;

interface Request {
  protobufPayload?: Uint8Array;
  jsonPayload?: string;
  requestedOutputFormat?: number;
  messageType?: string;
  testCategory?: number;
}

const include = process.argv[2] ?? '';
const schema = loadSchema({ protoPath: FILES, loader: { includeDirs: [include] } });
const command = schemaOfProtos(FILES, [include]);
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
  const { messageType = '', requestedOutputFormat = 0, testCategory } = request;
  // The runner asks first which failures the program knows of; the run script hands it the list.
  if (messageType === 'conformance.FailureSet') return { protobufPayload: Buffer.alloc(0) };
  // What was not sent is read from the prototype.
  const bytes = Object.hasOwn(request, 'protobufPayload') ? request.protobufPayload : undefined;
  const json = Object.hasOwn(request, 'jsonPayload') ? request.jsonPayload : undefined;
  if (bytes && requestedOutputFormat === PROTOBUF) return fromBinary(messageType, bytes);
  if (testCategory === IGNORES_UNKNOWN) return { skipped: 'unknown fields are refused' };
  const isToJson = requestedOutputFormat === JSON_FORMAT;
  if (!isToJson && requestedOutputFormat !== PROTOBUF) return { skipped: 'there is no such format here' };
  if (bytes) return toJson(messageType, bytes);
  return json === undefined ? { skipped: 'there is no such format here' } : fromJson(messageType, json, isToJson);
}

/** From the binary format to itself, by the codec of a server and a client. */
function fromBinary(name: string, bytes: Uint8Array): object {
  const type = schema.findType(name);
  if (!type) return { runtimeError: `no message type '${name}'` };
  let message: unknown;
  try {
    message = type.decode(bytes);
  } catch (error) {
    return error instanceof DecodeError ? { parseError: error.message } : { runtimeError: textOf(error) };
  }
  try {
    return { protobufPayload: type.encode(message) };
  } catch (error) {
    return { serializeError: textOf(error) };
  }
}

/** From JSON, as the command reads a request. */
function fromJson(name: string, text: string, isToJson: boolean): object {
  let bytes: Uint8Array;
  try {
    bytes = command.fromJson(typeOf(name), parsedJson(text));
  } catch (error) {
    const isRefused = error instanceof SyntaxError || error instanceof JsonMismatch;
    return isRefused ? { parseError: error.message } : { runtimeError: textOf(error) };
  }
  return isToJson ? toJson(name, bytes) : { protobufPayload: bytes };
}

/** To JSON, as the command prints a response. */
function toJson(name: string, bytes: Uint8Array): object {
  try {
    return { jsonPayload: jsonText(command.toJson(typeOf(name), bytes, false)) };
  } catch (error) {
    if (error instanceof DecodeError) return { parseError: error.message };
    return error instanceof JsonMismatch ? { serializeError: error.message } : { runtimeError: textOf(error) };
  }
}

function typeOf(name: string): protobuf.Type {
  const type = command.find(name);
  if (!type) throw new Error(`no message type '${name}'`);
  return type;
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
