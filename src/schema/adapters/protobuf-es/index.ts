/**
 * Services of code that protobuf-es generates (`@bufbuild/protoc-gen-es`, version 2), with their types.
 * @packageDocumentation
 */
import {
  create,
  fromBinary,
  toBinary,
  type BinaryReadOptions,
  type BinaryWriteOptions,
  type DescFile,
  type DescMessage,
  type DescMethod,
  type DescService,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { MessageCodec } from '../../../protocol/wire/message-codec.js';
import type { MethodShape } from '../../../protocol/core/method-shape.js';
import { describe, EncodeError } from '../../codec/encode/encode-error.js';
import { generatedCodec } from '../generated-codec.js';
import { noteDefinition } from '../../definition-source.js';
import { isIdempotent } from '../../idempotency.js';
import { SchemaError } from '../../schema-error.js';
import type { MethodDescriptor, ServiceDescriptor } from '../../service-descriptor.js';

export type { DecodeBudget } from '../../../protocol/core/decode-budget.js';
export type { MethodShape } from '../../../protocol/core/method-shape.js';
export type { MessageCodec, WriteArena } from '../../../protocol/wire/message-codec.js';
export type { MethodDescriptor, ServiceDescriptor } from '../../service-descriptor.js';

/** The shape of an rpc for each `methodKind` of protobuf-es. */
export interface ProtobufEsShapes extends Record<DescMethod['methodKind'], MethodShape> {
  readonly unary: 'unary';
  readonly server_streaming: 'server-streaming';
  readonly client_streaming: 'client-streaming';
  readonly bidi_streaming: 'bidi';
}

const SHAPES: ProtobufEsShapes = {
  unary: 'unary',
  server_streaming: 'server-streaming',
  client_streaming: 'client-streaming',
  bidi_streaming: 'bidi',
};

/** The codec of a generated message: what is encoded is what `create()` takes, what is decoded is a whole message. */
export type ProtobufEsCodec<Message extends DescMessage> = MessageCodec<
  MessageShape<Message>,
  MessageInitShape<Message>
>;

/** The descriptors of services without options: several classes may ask for one. */
const known = new WeakMap<DescService, ServiceDescriptor>();

/** An rpc of a generated service. */
export interface ProtobufEsMethod<Method extends Pick<DescMethod, 'input' | 'output' | 'methodKind'>> {
  /** As the .proto file spells it. */
  readonly name: string;
  /** Known to the compiler, so that proxies and handlers are typed by it. */
  readonly shape: ProtobufEsShapes[Method['methodKind']];
  /** What callers send. */
  readonly request: ProtobufEsCodec<Method['input']>;
  /** What handlers return. */
  readonly response: ProtobufEsCodec<Method['output']>;
}

/**
 * The rpcs of a generated service by name. Generated types know an rpc's name only with a small first letter: what is
 * not written in UpperCamelCase (`count_books`) is at run time reachable by its own name, which these types do not know.
 */
export type ProtobufEsMethods<Service extends DescService> = {
  readonly [Name in keyof Service['method'] & string as Capitalize<Name>]: ProtobufEsMethod<Service['method'][Name]>;
};

/**
 * How messages are read and written: the options of `fromBinary` and `toBinary`, with their defaults. Nesting ends at
 * `recursionLimit` (100) where this version of protobuf-es has it.
 */
export type ProtobufEsOptions = Partial<BinaryReadOptions & BinaryWriteOptions>;

/**
 * Makes a descriptor of a generated service, for `getService`, `@TtrpcService` and the option `descriptors`:
 * `fromProtobufEs(Greeter)`, where `Greeter` comes from `greeter_pb.js`.
 *
 * Decoded messages are protobuf-es messages. What is encoded may be one too, or a plain object that `create()` takes;
 * a message of another type is an {@link EncodeError}. The schema's options `loader` and `maxMessageDepth` do not
 * apply. The same service gives the same descriptor, unless there are options.
 * @throws {SchemaError} for anything but a service
 */
export function fromProtobufEs<Service extends DescService>(
  service: Service,
  options?: ProtobufEsOptions,
): ServiceDescriptor<ProtobufEsMethods<Service>> {
  if (!isService(service)) {
    throw new SchemaError(
      `fromProtobufEs: expected a service of code that protobuf-es 2 generates (such as Greeter of greeter_pb.js), got ${named(service)}`,
    );
  }
  let descriptor = options === undefined ? known.get(service) : undefined;
  if (descriptor === undefined) {
    descriptor = describeService(service, options ?? {});
    if (options === undefined) known.set(service, descriptor);
  }
  return descriptor as ServiceDescriptor<ProtobufEsMethods<Service>>;
}

function describeService(service: DescService, options: ProtobufEsOptions): ServiceDescriptor {
  const codecs = new Map<DescMessage, MessageCodec>();
  const codec = (message: DescMessage): MessageCodec => {
    let made = codecs.get(message);
    if (!made) codecs.set(message, (made = messageCodec(message, options)));
    return made;
  };
  const methods = Object.create(null) as Record<string, MethodDescriptor>;
  for (const { name, methodKind, input, output, idempotency } of service.methods) {
    methods[name] = {
      name,
      shape: SHAPES[methodKind],
      request: codec(input),
      response: codec(output),
      ...(isIdempotent(idempotency) && { idempotent: true }),
    };
  }
  const described = { name: service.typeName, methods };
  noteDefinition(described, { kind: 'files', files: () => filesOf(service.file) });
  return described;
}

/** The FileDescriptorProtos of a file and of all that it imports, each after its imports. */
function filesOf(file: DescFile): Uint8Array[] {
  const files = new Map<string, Uint8Array>();
  const visit = ({ proto, dependencies }: DescFile): void => {
    if (files.has(proto.name)) return;
    dependencies.forEach(visit);
    files.set(proto.name, toBinary(FileDescriptorProtoSchema, proto));
  };
  visit(file);
  return [...files.values()];
}

function messageCodec(message: DescMessage, options: ProtobufEsOptions): MessageCodec {
  const { typeName } = message;
  return generatedCodec(
    {
      typeName,
      encode: (value) => {
        const { $typeName } = value as { $typeName?: unknown };
        // `create` would look for its own fields in it, and find few or none.
        if ($typeName !== undefined && $typeName !== typeName) {
          throw new EncodeError(typeName, '$typeName', `'${typeName}'`, $typeName);
        }
        return toBinary(message, create(message, value as Record<string, unknown>), options);
      },
      decode: (bytes) => fromBinary(message, bytes, options),
    },
    'protobuf-es',
  );
}

function isService(value: unknown): value is DescService {
  const { kind, typeName, methods } = (value ?? {}) as Partial<DescService>;
  return kind === 'service' && typeof typeName === 'string' && Array.isArray(methods);
}

/** Other descriptors of generated code have a kind and a name. */
function named(value: unknown): string {
  const { kind, typeName } = (value ?? {}) as { kind?: unknown; typeName?: unknown };
  return typeof kind === 'string' && typeof typeName === 'string' ? `the ${kind} ${typeName}` : describe(value);
}
