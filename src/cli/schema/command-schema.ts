import protobuf from 'protobufjs';
import type { MethodShape } from '../../protocol/core/method-shape.js';
import { sendsRequestStream, sendsResponseStream, shapeOf } from '../../protocol/core/method-shape.js';
import type { StatusDetail } from '../../protocol/core/status.js';
import { DEFAULT_MAX_DEPTH } from '../../schema/codec/depth.js';
import { nameOf } from '../../schema/codec/reflection.js';
import { MessageTypes } from '../../schema/message-types.js';
import { bundledTypes } from '../../schema/sources/proto-files.js';
import { servicesIn } from '../../schema/services-in.js';
import { didYouMean } from '../../protocol/core/suggest.js';
import { messageFromJson } from '../json/from-json.js';
import { protoNameOf } from '../json/names.js';
import { anyToJson, messageToJson } from '../json/to-json.js';
import { ToolError } from '../tool-error.js';
import type { AskedTypes } from './asked-types.js';
import { serviceHint } from './service-hint.js';

/** One rpc as the command uses it. */
export interface CommandMethod {
  readonly service: string;
  readonly name: string;
  readonly shape: MethodShape;
  readonly sendsStream: boolean;
  readonly receivesStream: boolean;
  readonly request: protobuf.Type;
  readonly response: protobuf.Type;
}

/** How decoded messages look: 64-bit integers keep all their digits. */
const LOADER = { longs: String };

/** The services and messages that the command knows, and their JSON form. */
export class CommandSchema {
  readonly #types: MessageTypes;
  #bundled: MessageTypes | undefined;
  #asked: AskedTypes<CommandSchema> | undefined;
  /** By qualified name. protobufjs keeps every name that it is ever asked for, and peers of a tap send any. */
  #services: ReadonlyMap<string, protobuf.Service> | undefined;

  constructor(readonly root: protobuf.Root) {
    this.#types = new MessageTypes(root, LOADER, DEFAULT_MAX_DEPTH);
  }

  /** Has {@link complete} ask for types that the schema lacks. */
  askFor(types: AskedTypes<CommandSchema>): void {
    this.#asked = types;
  }

  /** The result of `convert`, which converts with this schema, once the types that it lacks have been asked for. */
  async complete<T>(convert: () => T): Promise<T> {
    return this.#asked ? this.#asked.complete(convert) : convert();
  }

  /** All services, in the order of their names. */
  services(): protobuf.Service[] {
    return [...servicesIn(this.root)].sort((a, b) => (a.fullName < b.fullName ? -1 : 1));
  }

  /** A service by its qualified name, or by its short one where that is unique. @throws ToolError with what there is */
  service(name: string): protobuf.Service {
    const all = this.services();
    const exact = all.find((service) => nameOf(service) === name);
    if (exact) return exact;
    const short = all.filter((service) => service.name === name);
    if (short.length === 1) return short[0] as protobuf.Service;
    const names = all.map(nameOf);
    if (short.length > 1) {
      throw new ToolError(`service '${name}' is ambiguous: it can be ${short.map(nameOf).join(' or ')}`);
    }
    const list = names.length === 0 ? 'the schema has no services' : `the schema has ${names.join(', ')}`;
    throw new ToolError(`no service '${name}': ${list}.${serviceHint(name, names)}`);
  }

  /** An rpc by the qualified name of its service and its own name, or undefined. */
  knownMethod(serviceName: string, methodName: string): CommandMethod | undefined {
    this.#services ??= new Map([...servicesIn(this.root)].map((service) => [nameOf(service), service]));
    const service = this.#services.get(serviceName);
    if (!service || !Object.hasOwn(service.methods, methodName)) return undefined;
    return commandMethod(service, service.methods[methodName] as protobuf.Method);
  }

  /** An rpc by `service/Method` or `service.Method`. @throws ToolError with what there is */
  method(symbol: string): CommandMethod {
    const [serviceName, methodName] = splitMethod(symbol);
    const service = this.service(serviceName);
    const methods = service.methodsArray;
    const method = methods.find(({ name }) => name === methodName);
    if (!method) {
      const names = methods.map(({ name }) => name);
      const list = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
      throw new ToolError(
        `service ${nameOf(service)} has no method '${methodName}': ${list}.${didYouMean(methodName, names)}`,
      );
    }
    return commandMethod(service, method);
  }

  /** The qualified names of all services, rpcs, messages, enums and extensions. */
  symbolNames(): string[] {
    return [...symbolsIn(this.root)].map(symbolName);
  }

  /**
   * What a qualified name means, or the end of one where that is unique: a service, an rpc, a message, an enum, a field or
   * a oneof.
   * @throws ToolError when nothing
   */
  symbol(name: string): protobuf.ReflectionObject {
    const plain = name.replace(/^\./, '').replace('/', '.');
    const found = this.root.lookup(`.${plain}`) ?? this.#bundledType(plain);
    if (found && nameOf(found) === plain && !isNoSymbol(found)) return found;
    const owner = this.root.lookup(`.${plain.slice(0, plain.lastIndexOf('.'))}`);
    const field = fieldsIn(owner).find((each) => protoNameOf(each) === plain);
    if (field) return field;
    if (owner instanceof protobuf.Service) {
      const { service, name: method } = this.method(plain);
      return this.service(service).methods[method] as protobuf.ReflectionObject;
    }
    const all = [...symbolsIn(this.root)];
    const short = all.filter((symbol) => symbolName(symbol).endsWith(`.${plain}`));
    if (short.length === 1) return short[0] as protobuf.ReflectionObject;
    if (short.length > 1) {
      throw new ToolError(`symbol '${name}' is ambiguous: it can be ${short.map(symbolName).join(' or ')}`);
    }
    const names = all.map(symbolName);
    throw new ToolError(`no symbol '${name}' in the schema.${didYouMean(plain, names)}`);
  }

  /** A message from its ProtoJSON form. @throws JsonMismatch with the path of what does not fit */
  fromJson(type: protobuf.Type, json: unknown): Uint8Array {
    return this.encode(type, messageFromJson(type, json, this));
  }

  /** The ProtoJSON form of a message. @throws DecodeError when the bytes are not such a message */
  toJson(type: protobuf.Type, bytes: Uint8Array, emitDefaults: boolean): unknown {
    return messageToJson(type, this.decode(type, bytes), this, emitDefaults);
  }

  /** The ProtoJSON form of a detail of a status; google.rpc's are known whatever the schema says. */
  detailToJson({ typeUrl, value }: StatusDetail): unknown {
    return anyToJson(typeUrl, value, this, false);
  }

  /** As in {@link AnyPacker}. */
  find = (name: string): protobuf.Type | undefined =>
    this.#types.find(name) ?? this.#bundledType(name) ?? this.#asked?.find(name);

  /** As in {@link AnyPacker}. */
  encode(type: protobuf.Type, message: unknown): Uint8Array {
    return this.#typesOf(type).codec(type).encode(message);
  }

  /** As in {@link AnyUnpacker}. */
  decode(type: protobuf.Type, bytes: Uint8Array): unknown {
    return this.#typesOf(type).codec(type).decode(bytes);
  }

  #typesOf(type: protobuf.Type): MessageTypes {
    if (type.root === this.root) return this.#types;
    const asked = this.#asked?.schemaOf(type.root);
    return asked ? asked.#types : this.#bundledTypes();
  }

  #bundledType(name: string): protobuf.Type | undefined {
    return /^google\.(protobuf|rpc)\./.test(name) ? this.#bundledTypes().find(name) : undefined;
  }

  #bundledTypes(): MessageTypes {
    return (this.#bundled ??= new MessageTypes(bundledTypes({}), LOADER, DEFAULT_MAX_DEPTH));
  }
}

function commandMethod(service: protobuf.Service, method: protobuf.Method): CommandMethod {
  method.resolve();
  const shape = shapeOf(method);
  return {
    service: nameOf(service),
    name: method.name,
    shape,
    sendsStream: sendsRequestStream(shape),
    receivesStream: sendsResponseStream(shape),
    request: method.resolvedRequestType as protobuf.Type,
    response: method.resolvedResponseType as protobuf.Type,
  };
}

/** `service/Method` or `service.Method`. @throws ToolError for anything else */
export function splitMethod(symbol: string): [service: string, method: string] {
  const plain = symbol.replace(/^\//, '');
  const at = plain.includes('/') ? plain.indexOf('/') : plain.lastIndexOf('.');
  const [service, method] = [plain.slice(0, at), plain.slice(at + 1)];
  if (at <= 0 || method === '' || method.includes('/')) {
    throw new ToolError(`'${symbol}' is not a method: expected service/Method, such as demo.v1.Greeter/SayHello`);
  }
  return [service, method];
}

/** The fields of a message, and the extensions that stand in a message or a package. */
function fieldsIn(owner: protobuf.ReflectionObject | null): protobuf.Field[] {
  if (!(owner instanceof protobuf.Namespace)) return [];
  const fields = owner.nestedArray.filter((each) => each instanceof protobuf.Field);
  return owner instanceof protobuf.Type ? [...owner.fieldsArray, ...fields] : fields;
}

function symbolName(symbol: protobuf.ReflectionObject): string {
  return symbol instanceof protobuf.Field ? protoNameOf(symbol) : nameOf(symbol);
}

function* symbolsIn(namespace: protobuf.NamespaceBase): Iterable<protobuf.ReflectionObject> {
  if (namespace instanceof protobuf.Service) yield* namespace.methodsArray;
  for (const nested of namespace.nestedArray) {
    if (!isNoSymbol(nested)) yield nested;
    if (nested instanceof protobuf.Namespace) yield* symbolsIn(nested);
  }
}

/** True for packages, and for what only protobufjs has: a oneof around each optional field of proto3. */
function isNoSymbol(object: protobuf.ReflectionObject): boolean {
  if (object instanceof protobuf.OneOf) return object.isProto3Optional;
  return (
    object instanceof protobuf.Namespace && !(object instanceof protobuf.Type) && !(object instanceof protobuf.Service)
  );
}
