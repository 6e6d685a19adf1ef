import protobuf from 'protobufjs';
import { HEADER_BYTES, writeHeader } from '../../src/protocol/wire/frame.js';

/** A frame of type `type` (1 request, 2 response). */
export function frameOf(stream: number, type: number, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + data.length);
  writeHeader(bytes, 0, data.length, stream, type, 0);
  bytes.set(data, HEADER_BYTES);
  return bytes;
}

/** The data of a request: whatever names and metadata, of which a client would refuse some. */
export function requestData(
  service: string,
  method: string,
  metadata: readonly (readonly [string, string])[] = [],
): Uint8Array {
  const writer = protobuf.Writer.create().uint32(10).string(service).uint32(18).string(method);
  for (const [key, value] of metadata)
    writer.uint32(42).fork().uint32(10).string(key).uint32(18).string(value).ldelim();
  return writer.finish();
}

/** The data of a response with a message. */
export function responseData(message: Uint8Array): Uint8Array {
  return protobuf.Writer.create().uint32(18).bytes(message).finish();
}

/** The data of a response with a status, and a detail of type `typeUrl`. */
export function statusData(
  code: number,
  text: string,
  typeUrl?: string,
  value: Uint8Array = new Uint8Array(),
): Uint8Array {
  const writer = protobuf.Writer.create().uint32(10).fork().uint32(8).int32(code).uint32(18).string(text);
  if (typeUrl !== undefined) writer.uint32(26).fork().uint32(10).string(typeUrl).uint32(18).bytes(value).ldelim();
  return writer.ldelim().finish();
}
