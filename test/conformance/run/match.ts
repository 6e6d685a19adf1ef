import { STATUS_CODES, type FrameMatch, type StatusMatch, type TextMatch } from '../case.js';
import { toBytes, type Bytes } from '../wire/bytes.js';
import { readResponse, type ReadDetail, type ReadResponse } from '../wire/envelope.js';
import { DATA, RESPONSE, type ReadFrame } from '../wire/frame.js';
import { readFields, type ReadField } from '../wire/protobuf.js';

export function textMatches(text: string, match: TextMatch): boolean {
  return typeof match === 'string' ? text === match : new RegExp(match.pattern, 'su').test(text);
}

export function detailsMatch(
  details: readonly { readonly typeUrl: string; readonly value: Uint8Array }[],
  match: StatusMatch['details'],
): boolean {
  const expected = match ?? [];
  return (
    details.length === expected.length &&
    details.every((detail, i) => {
      const other = expected[i];
      return other !== undefined && detail.typeUrl === other.typeUrl && toBytes(other.value).equals(detail.value);
    })
  );
}

function statusMatches(status: { code: number; message: string; details: ReadDetail[] }, match: StatusMatch): boolean {
  return (
    status.code === STATUS_CODES[match.code] &&
    textMatches(status.message, match.message) &&
    detailsMatch(status.details, match.details)
  );
}

/** The fields of a message without those that say nothing (proto3), in the order of their numbers. */
function meaning(bytes: Buffer): ReadField[] {
  return readFields(bytes)
    .filter((field) => field.value !== 0n || field.bytes.length > 0)
    .sort((a, b) => a.field - b.field);
}

function sameFields(left: readonly ReadField[], right: readonly ReadField[]): boolean {
  return (
    left.length === right.length &&
    left.every((field, i) => {
      const other = right[i];
      return (
        other !== undefined &&
        field.field === other.field &&
        field.wireType === other.wireType &&
        field.value === other.value &&
        field.bytes.equals(other.bytes)
      );
    })
  );
}

type Numbers = NonNullable<Extract<FrameMatch, { ok: Bytes }>['numbers']>;

function messageMatches(bytes: Buffer, match: Bytes, numbers: Numbers = []): boolean {
  const expected = toBytes(match);
  if (bytes.equals(expected) && numbers.length === 0) return true;
  if (!('message' in match)) return false;
  let fields: ReadField[];
  try {
    fields = meaning(bytes);
  } catch {
    return false;
  }
  for (const { field, atLeast, atMost } of numbers) {
    const found = fields.find((each) => each.field === field)?.value ?? 0n;
    if (found < BigInt(atLeast) || found > BigInt(atMost)) return false;
  }
  const rest = fields.filter(({ field }) => !numbers.some((number) => number.field === field));
  return sameFields(rest, meaning(expected));
}

/**
 * True when a frame is what the case asks for, in every part: type, flags, presence of status and payload, message.
 * With `statusOfOk` `any` an OK may say so by a status of code 0 (PROTOCOL.md, "Envelope": Go omits it, Rust sends 0).
 */
export function frameMatches(frame: ReadFrame, match: FrameMatch, statusOfOk: 'absent' | 'any' = 'absent'): boolean {
  if (frame.id !== match.id) return false;
  if ('data' in match) {
    return (
      frame.type === DATA && frame.flags === (match.flags ?? 0) && messageMatches(frame.data, match.data, match.numbers)
    );
  }
  if (frame.type !== RESPONSE || frame.flags !== 0) return false;
  let response: ReadResponse;
  try {
    response = readResponse(frame.data);
  } catch {
    return false;
  }
  if ('error' in match) {
    return (
      response.payload === undefined && response.status !== undefined && statusMatches(response.status, match.error)
    );
  }
  const payload = response.payload ?? Buffer.alloc(0);
  const fits =
    messageMatches(payload, match.ok, match.numbers) ||
    (match.or !== undefined && messageMatches(payload, match.or, match.numbers));
  const { status } = response;
  const isEmpty = status?.code === 0 && status.message === '' && status.details.length === 0;
  return (status === undefined || (statusOfOk === 'any' && isEmpty)) && fits;
}
