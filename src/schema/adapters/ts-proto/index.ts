/**
 * Services of code that ts-proto generates with `outputServices=generic-definitions`, with their types.
 * Nothing of ts-proto is needed at run time but what its code imports.
 * @packageDocumentation
 */
import type { MessageCodec } from '../../../protocol/wire/message-codec.js';
import { shapeOf } from '../../../protocol/core/method-shape.js';
import { describe } from '../../codec/encode/encode-error.js';
import { generatedCodec } from '../generated-codec.js';
import { isIdempotent } from '../../idempotency.js';
import { SchemaError } from '../../schema-error.js';
import type { MethodDescriptor, ServiceDescriptor } from '../../service-descriptor.js';

export type { DecodeBudget } from '../../../protocol/core/decode-budget.js';
export type { MethodShape } from '../../../protocol/core/method-shape.js';
export type { MessageCodec, WriteArena } from '../../../protocol/wire/message-codec.js';
export type { MethodDescriptor, ServiceDescriptor } from '../../service-descriptor.js';

/** What is used of the object that ts-proto makes for a message type (`MessageFns`). */
export interface TsProtoMessage {
  /** The qualified name, where it was generated with `outputTypeAnnotations`. */
  readonly $type?: string;
  // `never` is what each of them takes.
  encode(message: never): { finish(): Uint8Array };
  decode(input: Uint8Array): unknown;
}

/** What is used of an rpc of a definition. */
export interface TsProtoMethod {
  readonly name: string;
  readonly requestType: TsProtoMessage;
  readonly requestStream: boolean;
  readonly responseType: TsProtoMessage;
  readonly responseStream: boolean;
  readonly options?: { readonly idempotencyLevel?: string | undefined } | undefined;
}

/** What ts-proto makes of a service with `outputServices=generic-definitions`: `GreeterDefinition`. */
export interface TsProtoDefinition {
  /** The qualified name. */
  readonly fullName: string;
  readonly methods: Readonly<Record<string, TsProtoMethod>>;
}

/** The message type of a {@link TsProtoMessage}. */
export type TsProtoMessageOf<Type> = Type extends { decode(input: Uint8Array): infer Message } ? Message : never;

/** What `fromPartial` takes for a message: each field may lack, on every level. */
export type TsProtoPartial<T> = T extends bigint | string | number | boolean | Uint8Array | Date | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? readonly TsProtoPartial<Item>[]
    : T extends ReadonlyMap<infer Key, infer Value>
      ? ReadonlyMap<Key, TsProtoPartial<Value>>
      : T extends { $case: string }
        ? { [Name in keyof T]: Name extends '$case' ? T[Name] : TsProtoPartial<T[Name]> }
        : T extends object
          ? { [Name in keyof T]?: TsProtoPartial<T[Name]> }
          : T;

/** The codec of a message: what is encoded may lack fields, what is decoded is whole. */
export type TsProtoCodec<Type> = MessageCodec<TsProtoMessageOf<Type>, TsProtoPartial<TsProtoMessageOf<Type>>>;

/** The shape of an rpc of a definition. */
export type TsProtoShape<Method extends TsProtoMethod> = Method extends { readonly requestStream: true }
  ? Method extends { readonly responseStream: true }
    ? 'bidi'
    : 'client-streaming'
  : Method extends { readonly responseStream: true }
    ? 'server-streaming'
    : 'unary';

/** The rpcs of a definition by name: partial messages are encoded, whole ones are decoded. */
export type TsProtoMethods<Definition extends TsProtoDefinition> = {
  readonly [Key in keyof Definition['methods'] & string as Definition['methods'][Key]['name']]: {
    readonly name: string;
    readonly shape: TsProtoShape<Definition['methods'][Key]>;
    readonly request: TsProtoCodec<Definition['methods'][Key]['requestType']>;
    readonly response: TsProtoCodec<Definition['methods'][Key]['responseType']>;
  };
};

/** The descriptors of definitions: several classes may ask for one. */
const known = new WeakMap<TsProtoDefinition, ServiceDescriptor>();

/**
 * Makes a descriptor of a generated service, for `getService`, `@TtrpcService` and the option `descriptors`:
 * `fromTsProto(GreeterDefinition)`.
 *
 * Decoded messages are what ts-proto's `decode` gives. What is encoded may lack fields: it goes through `fromPartial`
 * where that was generated. The schema's options `loader` and `maxMessageDepth` do not apply. The same definition gives
 * the same descriptor. The names of message types (for error texts,
 * and to pack details of them) are known if the code was generated with `outputTypeAnnotations=static-only` or `true`.
 * @throws {SchemaError} for anything but a definition
 */
export function fromTsProto<Definition extends TsProtoDefinition>(
  definition: Definition,
): ServiceDescriptor<TsProtoMethods<Definition>> {
  if (!isDefinition(definition)) {
    throw new SchemaError(
      'fromTsProto: expected a service of code that ts-proto generates with outputServices=generic-definitions ' +
        `(such as GreeterDefinition), got ${describe(definition)}`,
    );
  }
  let descriptor = known.get(definition);
  if (descriptor === undefined) known.set(definition, (descriptor = describeService(definition)));
  return descriptor as ServiceDescriptor<TsProtoMethods<Definition>>;
}

function describeService(definition: TsProtoDefinition): ServiceDescriptor {
  const { fullName } = definition;
  const codecs = new Map<TsProtoMessage, MessageCodec>();
  const codec = (type: unknown, place: string): MessageCodec => {
    if (!isMessage(type)) {
      throw new SchemaError(
        `fromTsProto: ${place}: expected a message type with encode and decode, got ${describe(type)}`,
      );
    }
    let made = codecs.get(type);
    if (!made) codecs.set(type, (made = messageCodec(type, place)));
    return made;
  };
  const methods = Object.create(null) as Record<string, MethodDescriptor>;
  for (const each of Object.values(definition.methods)) {
    const { name, requestType, requestStream, responseType, responseStream, options } = each;
    methods[name] = {
      name,
      shape: shapeOf({ requestStream, responseStream }),
      request: codec(requestType, `the request of ${fullName}/${name}`),
      response: codec(responseType, `the response of ${fullName}/${name}`),
      ...(isIdempotent(options?.idempotencyLevel) && { idempotent: true }),
    };
  }
  return { name: fullName, methods };
}

function messageCodec(type: TsProtoMessage, place: string): MessageCodec {
  const { fromPartial } = type as { fromPartial?: (partial: object) => object };
  return generatedCodec(
    {
      typeName: type.$type ?? place,
      encode: (value) =>
        // Generated code types each message by itself: here it is any of them.
        type.encode((typeof fromPartial === 'function' ? fromPartial.call(type, value) : value) as never).finish(),
      decode: (bytes) => type.decode(bytes),
    },
    'ts-proto',
  );
}

function isDefinition(value: unknown): value is TsProtoDefinition {
  const { fullName, methods } = (value ?? {}) as Partial<TsProtoDefinition>;
  if (typeof fullName !== 'string' || typeof methods !== 'object' || methods === null) return false;
  return Object.values(methods).every((method) => typeof method === 'object' && typeof method?.name === 'string');
}

function isMessage(value: unknown): value is TsProtoMessage {
  const { encode, decode } = (value ?? {}) as Partial<TsProtoMessage>;
  return typeof encode === 'function' && typeof decode === 'function';
}
