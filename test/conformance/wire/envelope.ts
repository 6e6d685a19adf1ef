import type { Bytes } from './bytes.js';
import { encodeFields, encodeVarint, readFields, readText, type Field, type ReadField } from './protobuf.js';

/** A request envelope. What is not named is left out of the message; what is named is written, also when it is empty or zero. */
export interface RequestSpec {
  service?: string | Bytes;
  method?: string | Bytes;
  payload?: Bytes;
  /**
   * Instead of `payload`: a message of one bytes field with as many zeros as make the whole envelope `total` bytes long,
   * and behind it the fields `also`.
   */
  payloadUpTo?: { field: number; total: number; also?: Field[] };
  /** Nanoseconds, a decimal number. */
  timeoutNano?: string;
  metadata?: [key: string, value: string][];
  /** Written after the known fields. */
  extra?: Field[];
}

/** A response envelope; see RequestSpec for what is written. */
export interface ResponseSpec {
  status?: StatusSpec;
  payload?: Bytes;
  extra?: Field[];
}

export interface StatusSpec {
  /** A decimal number; may be any int32. */
  code?: string;
  message?: string | Bytes;
  details?: { typeUrl: string; value: Bytes }[];
}

function textField(field: number, text: string | Bytes): Field {
  return { field, bytes: typeof text === 'string' ? { text } : text };
}

export function encodeRequest(spec: RequestSpec): Buffer {
  const head: Field[] = [];
  if (spec.service !== undefined) head.push(textField(1, spec.service));
  if (spec.method !== undefined) head.push(textField(2, spec.method));
  const tail: Field[] = [];
  if (spec.timeoutNano !== undefined) tail.push({ field: 4, varint: spec.timeoutNano });
  for (const [key, value] of spec.metadata ?? []) {
    tail.push({ field: 5, bytes: { message: [textField(1, key), textField(2, value)] } });
  }
  tail.push(...(spec.extra ?? []));
  const before = encodeFields(head);
  const after = encodeFields(tail);
  let payload: Field[] = [];
  if (spec.payload !== undefined) payload = [{ field: 3, bytes: spec.payload }];
  else if (spec.payloadUpTo !== undefined) {
    const { field, total, also } = spec.payloadUpTo;
    payload = [filledPayload(field, total - before.length - after.length, also ?? [])];
  }
  return Buffer.concat([before, encodeFields(payload), after]);
}

/** The payload field (3) that takes exactly `room` bytes: a message with one bytes field of zeros, and `also` behind it. */
function filledPayload(field: number, room: number, also: Field[]): Field {
  const behind = encodeFields(also).length;
  // The more zeros, the longer the lengths in front of them: from the highest number that could fit downwards.
  for (let zeros = room - behind; zeros >= 0; zeros--) {
    const message: Field[] = [{ field, bytes: { fill: 0, length: zeros } }, ...also];
    const inner = encodeVarint(BigInt(field << 3)).length + encodeVarint(BigInt(zeros)).length + zeros + behind;
    const outer = 1 + encodeVarint(BigInt(inner)).length + inner;
    if (outer === room) return { field: 3, bytes: { message } };
    if (outer < room) break;
  }
  throw new Error(`no payload takes exactly ${room} bytes`);
}

export function encodeResponse(spec: ResponseSpec): Buffer {
  const fields: Field[] = [];
  if (spec.status !== undefined) fields.push({ field: 1, bytes: { message: statusFields(spec.status) } });
  if (spec.payload !== undefined) fields.push({ field: 2, bytes: spec.payload });
  return encodeFields([...fields, ...(spec.extra ?? [])]);
}

function statusFields(spec: StatusSpec): Field[] {
  const fields: Field[] = [];
  if (spec.code !== undefined) fields.push({ field: 1, varint: spec.code });
  if (spec.message !== undefined) fields.push(textField(2, spec.message));
  for (const { typeUrl, value } of spec.details ?? []) {
    fields.push({ field: 3, bytes: { message: [textField(1, typeUrl), { field: 2, bytes: value }] } });
  }
  return fields;
}

/** A response envelope as it was read. */
export interface ReadResponse {
  /** Undefined when the field is absent. */
  readonly status: { readonly code: number; readonly message: string; readonly details: ReadDetail[] } | undefined;
  /** Undefined when the field is absent. */
  readonly payload: Buffer | undefined;
}

export interface ReadDetail {
  readonly typeUrl: string;
  readonly value: Buffer;
}

/** A request envelope as it was read. */
export interface ReadRequest {
  readonly service: string;
  readonly method: string;
  /** Undefined when the field is absent. */
  readonly payload: Buffer | undefined;
  /** Undefined when the field is absent. */
  readonly timeoutNano: bigint | undefined;
  readonly metadata: [key: string, value: string][];
}

/** The fields by number, refusing what a well-behaved peer never sends: unknown fields, wrong wire types, single fields twice. */
function wellFormed(
  what: string,
  message: Buffer,
  known: Record<number, { wireType: number; repeated?: true }>,
): Map<number, ReadField[]> {
  const found = new Map<number, ReadField[]>();
  for (const read of readFields(message)) {
    const expected = known[read.field];
    if (expected === undefined) throw new Error(`${what}: unknown field ${read.field}`);
    if (expected.wireType !== read.wireType)
      throw new Error(`${what}: field ${read.field} has wire type ${read.wireType}`);
    const before = found.get(read.field) ?? [];
    if (before.length > 0 && !expected.repeated) throw new Error(`${what}: field ${read.field} stands twice`);
    found.set(read.field, [...before, read]);
  }
  return found;
}

function text(fields: ReadField[] | undefined): string {
  const first = fields?.[0];
  return first === undefined ? '' : readText(first.bytes);
}

export function readResponse(data: Buffer): ReadResponse {
  const fields = wellFormed('response envelope', data, { 1: { wireType: 2 }, 2: { wireType: 2 } });
  const status = fields.get(1)?.[0];
  return { status: status && readStatus(status.bytes), payload: fields.get(2)?.[0]?.bytes };
}

function readStatus(bytes: Buffer): NonNullable<ReadResponse['status']> {
  const fields = wellFormed('status', bytes, {
    1: { wireType: 0 },
    2: { wireType: 2 },
    3: { wireType: 2, repeated: true },
  });
  const details = (fields.get(3) ?? []).map((detail) => {
    const any = wellFormed('detail', detail.bytes, { 1: { wireType: 2 }, 2: { wireType: 2 } });
    return { typeUrl: text(any.get(1)), value: any.get(2)?.[0]?.bytes ?? Buffer.alloc(0) };
  });
  const code = Number(BigInt.asIntN(32, fields.get(1)?.[0]?.value ?? 0n));
  return { code, message: text(fields.get(2)), details };
}

export function readRequest(data: Buffer): ReadRequest {
  const fields = wellFormed('request envelope', data, {
    1: { wireType: 2 },
    2: { wireType: 2 },
    3: { wireType: 2 },
    4: { wireType: 0 },
    5: { wireType: 2, repeated: true },
  });
  const timeout = fields.get(4)?.[0]?.value;
  const metadata = (fields.get(5) ?? []).map((pair): [string, string] => {
    const entry = wellFormed('metadata', pair.bytes, { 1: { wireType: 2 }, 2: { wireType: 2 } });
    return [text(entry.get(1)), text(entry.get(2))];
  });
  return {
    service: text(fields.get(1)),
    method: text(fields.get(2)),
    payload: fields.get(3)?.[0]?.bytes,
    timeoutNano: timeout === undefined ? undefined : BigInt.asIntN(64, timeout),
    metadata,
  };
}
