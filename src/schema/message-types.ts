import protobuf from 'protobufjs';
import type { DecodeBudget } from '../protocol/core/decode-budget.js';
import type { MessageCodec } from '../protocol/wire/message-codec.js';
import { MessageDecoder } from './codec/decode/message-decoder.js';
import type { DecoderRegistry } from './codec/decode/nested-decoder.js';
import type { EncoderRegistry } from './codec/encode/field-plan.js';
import { MessageEncoder, type Preparation } from './codec/encode/message-encoder.js';
import type { MessageObject } from './codec/message-object.js';
import { ReflectionCodec } from './codec/reflection-codec.js';
import { nameOf } from './codec/reflection.js';
import { bytesOption } from './codec/decode/scalar-readers.js';
import {
  ANY,
  finishAny,
  prepareAny,
  prepareTimestamp,
  type AnyFields,
  type AnyTypes,
} from './codec/well-known-types.js';
import { propertyCheck, type UnknownProperties, type WarningSink } from './codec/encode/unknown-properties.js';
import type { LoaderOptions } from './sources/loader-options.js';

/** What is done about properties of messages that are not fields. */
export interface PropertyRules {
  readonly unknown: UnknownProperties;
  readonly warn: WarningSink;
}

/** The codecs of a root's message types, each made at its first use: most servers need few of the types they load. */
export class MessageTypes implements EncoderRegistry, DecoderRegistry, AnyTypes {
  readonly #encoders = new Map<protobuf.Type, MessageEncoder>();
  readonly #decoders = new Map<protobuf.Type, MessageDecoder>();
  readonly #codecs = new Map<protobuf.Type, ReflectionCodec>();
  /** Made at the first question: protobufjs keeps every name that it is ever asked for, and peers may ask. */
  #byName: ReadonlyMap<string, protobuf.Type> | undefined;

  constructor(
    readonly root: protobuf.Root,
    readonly options: LoaderOptions,
    /** How deep messages may be nested. */
    private readonly maxDepth: number,
    private readonly properties: PropertyRules = { unknown: 'ignore', warn: () => undefined },
  ) {}

  /** The codec of `type`. */
  codec(type: protobuf.Type): MessageCodec {
    return this.#codec(type);
  }

  /** As {@link codec}, for the messages of one rpc: warnings say that they are of `origin`. */
  codecFor(type: protobuf.Type, origin: string): MessageCodec {
    return this.#newCodec(type, origin);
  }

  /** The type with this qualified name, or undefined. */
  find(typeName: string): protobuf.Type | undefined {
    return this.#types().get(typeName);
  }

  /** The qualified names of all message types. */
  names(): string[] {
    return [...this.#types().keys()];
  }

  /** As {@link EncoderRegistry.encoder}. */
  encoder(type: protobuf.Type): MessageEncoder {
    const known = this.#encoders.get(type);
    if (known) return known;
    const properties = propertyCheck(type, this.properties.unknown, this.properties.warn);
    const encoder = new MessageEncoder(type, this, this.#preparation(type), properties);
    this.#encoders.set(type, encoder);
    return encoder;
  }

  /** As {@link DecoderRegistry.decoder}. */
  decoder(type: protobuf.Type): MessageDecoder {
    const known = this.#decoders.get(type);
    if (known) return known;
    const isOpenedAny = this.options.json === true && nameOf(type) === ANY;
    const decoder = new MessageDecoder(
      type,
      isOpenedAny ? finishAny(this, anyFields(type), bytesOption(this.options)) : undefined,
    );
    this.#decoders.set(type, decoder);
    const options = isOpenedAny ? { ...this.options, bytes: undefined } : this.options;
    decoder.compile(type, { options, decoder: (other) => this.decoder(other) });
    return decoder;
  }

  /** As {@link AnyTypes.encode}. */
  encode(typeName: string, value: object, depth: number): Uint8Array | undefined {
    const type = this.find(typeName);
    return type && this.#codec(type).encodeNested(value, depth);
  }

  /** As {@link AnyTypes.decode}. */
  decode(typeName: string, value: Uint8Array, depth: number, budget?: DecodeBudget): MessageObject | undefined {
    const type = this.find(typeName);
    return type && this.#codec(type).decodeNested(value, depth, budget);
  }

  #codec(type: protobuf.Type): ReflectionCodec {
    let codec = this.#codecs.get(type);
    if (!codec) {
      codec = this.#newCodec(type);
      this.#codecs.set(type, codec);
    }
    return codec;
  }

  #newCodec(type: protobuf.Type, origin?: string): ReflectionCodec {
    return new ReflectionCodec(
      nameOf(type),
      this.maxDepth,
      () => this.encoder(type),
      () => this.decoder(type),
      origin,
    );
  }

  #types(): ReadonlyMap<string, protobuf.Type> {
    this.#byName ??= new Map([...typesIn(this.root)].map((type) => [nameOf(type), type]));
    return this.#byName;
  }

  #preparation(type: protobuf.Type): Preparation | undefined {
    switch (nameOf(type)) {
      case 'google.protobuf.Timestamp':
        return prepareTimestamp;
      case ANY:
        return prepareAny(this, anyFields(type));
      default:
        return undefined;
    }
  }
}

function anyFields({ fieldsById }: protobuf.Type): AnyFields {
  return { url: fieldsById[1]?.name ?? 'type_url', value: fieldsById[2]?.name ?? 'value' };
}

function* typesIn(namespace: protobuf.NamespaceBase): Iterable<protobuf.Type> {
  for (const nested of namespace.nestedArray) {
    if (nested instanceof protobuf.Type) yield nested;
    if (nested instanceof protobuf.Namespace) yield* typesIn(nested);
  }
}
