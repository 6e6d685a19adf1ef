import type { MessageCodec } from '../../protocol/wire/message-codec.js';
import { DecodeError } from '../codec/decode/decode-error.js';
import { EncodeError } from '../codec/encode/encode-error.js';
import { impostorHint } from '../codec/encode/impostor.js';
import { isStackOverflow } from '../codec/stack-overflow.js';
import { errorText } from '../schema-error.js';

/** What the adapter of a code generator knows of one message type. */
export interface GeneratedType {
  /** Qualified name, or where the type stands when generated code has no name for it. */
  readonly typeName: string;
  encode(value: object): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

/**
 * The codec of a message type of generated code. Whatever that code throws becomes an {@link EncodeError} or a
 * {@link DecodeError} with it as the cause, also when a message is nested so deep that it exhausts the stack.
 */
export function generatedCodec(type: GeneratedType, library: string): MessageCodec {
  const { typeName } = type;
  return {
    typeName,
    encode: (value) => {
      checkObject(typeName, value);
      try {
        return type.encode(value as object);
      } catch (cause) {
        if (cause instanceof EncodeError) throw cause;
        const reason = isStackOverflow(cause) ? 'nested less deep: the stack is exhausted' : errorText(cause);
        throw new EncodeError(typeName, '', `a message that ${library} encodes (${reason})`, value, { cause });
      }
    },
    decode: (bytes) => {
      try {
        return type.decode(bytes);
      } catch (cause) {
        const reason = isStackOverflow(cause) ? 'nested so deep that the stack is exhausted' : errorText(cause);
        throw new DecodeError(typeName, undefined, reason, { cause });
      }
    },
  };
}

function checkObject(typeName: string, value: unknown): void {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const hint = isObject ? impostorHint(value, []) : '';
  if (hint !== undefined) throw new EncodeError(typeName, '', `an object (${typeName})${hint}`, value);
}
