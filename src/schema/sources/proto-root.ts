import protobuf from 'protobufjs';
import { typeNamed, type Wanted } from './type-names.js';

/** Whatever names types. */
export type TypeUser = protobuf.Field | protobuf.Method;

/** What protobufjs calls for each object that comes into a root. */
interface Handler {
  _handleAdd: (this: protobuf.Root, object: protobuf.ReflectionObject) => void;
}

/** What protobufjs looks for. */
const FILTERS = { message: [protobuf.Type], type: [protobuf.Type, protobuf.Enum] };

const addTo = (protobuf.Root.prototype as unknown as Handler)._handleAdd;

/**
 * A root whose references between types are those of protobuf's scopes ({@link typeNamed}). protobufjs also searches
 * what lies below a scope, so that `Options` may be the one nested in a neighbour, and finds what no scope has.
 * It knows extended types when it reads `extend`; here the extensions wait until all files have been read.
 */
export class ProtoRoot extends protobuf.Root {
  /** What names a type that is not defined, with that name. Filled by {@link resolveNames}. */
  readonly unknownNames = new Map<TypeUser, string>();
  readonly #extensions = new Set<protobuf.Field>();

  /** As protobufjs wants it. */
  _handleAdd(object: protobuf.ReflectionObject): void {
    if (object instanceof protobuf.Field && object.extend !== undefined) this.#extensions.add(object);
    else addTo.call(this, object);
  }

  /**
   * Where protobufjs would find another type than the one that is meant, puts that one's full name in the place of the
   * name by which it is used; then adds the extensions to what they extend. Those of a type that is not defined become
   * {@link protobuf.Root.deferred}.
   */
  resolveNames(): void {
    for (const user of typeUsers(this)) {
      if (user instanceof protobuf.Method) {
        user.requestType = this.#exact(user, user.requestType, 'message');
        user.responseType = this.#exact(user, user.responseType, 'message');
      } else if (!Object.hasOwn(protobuf.types.basic, user.type)) {
        user.type = this.#exact(user, user.type, 'type');
      }
    }
    for (const field of this.#extensions) {
      const extended = typeNamed(field.extend as string, scopeOf(field), 'message');
      if (extended) field.extend = extended.fullName;
      if (extended || !field.filename) addTo.call(this, field);
      else this.deferred.push(field);
    }
    this.#extensions.clear();
  }

  #exact(user: TypeUser, name: string, wanted: Wanted): string {
    const found = typeNamed(name, scopeOf(user), wanted);
    if (found) return scopeOf(user).lookup(name, FILTERS[wanted]) === found ? name : found.fullName;
    // A JSON descriptor, which has no file's name, may rely on what else protobufjs finds.
    if (user.filename && !this.unknownNames.has(user)) this.unknownNames.set(user, name);
    return name;
  }
}

/** All fields, extensions among them, and all methods of `namespace` and below. */
export function* typeUsers(namespace: protobuf.NamespaceBase): Iterable<TypeUser> {
  if (namespace instanceof protobuf.Type) yield* namespace.fieldsArray;
  if (namespace instanceof protobuf.Service) yield* namespace.methodsArray;
  for (const nested of namespace.nestedArray) {
    if (nested instanceof protobuf.Field) yield nested;
    else if (nested instanceof protobuf.Namespace) yield* typeUsers(nested);
  }
}

/** All fields of `namespace` and below, extensions among them. */
export function* fieldsIn(namespace: protobuf.NamespaceBase): Iterable<protobuf.Field> {
  for (const user of typeUsers(namespace)) if (user instanceof protobuf.Field) yield user;
}

function scopeOf(user: TypeUser): protobuf.NamespaceBase {
  return user.parent as protobuf.NamespaceBase;
}
