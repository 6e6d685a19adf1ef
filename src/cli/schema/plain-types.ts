import protobuf from 'protobufjs';
import { decodeDescriptor } from './read-descriptors.js';

/** A definition of protobufjs's JSON form. */
interface Definition {
  readonly fields?: Readonly<Record<string, protobuf.IField>>;
  readonly values?: Readonly<Record<string, number>>;
  readonly nested?: Readonly<Record<string, Definition>>;
}

/**
 * The types of descriptor.proto, from their JSON form, in the place of those that protobufjs makes: all that
 * `Root.fromDescriptor` asks of them. To make three hundred fields of reflection, and to resolve them, takes longer than
 * everything that is done with them in one run of the command.
 */
export function plainTypes(definition: Definition): object {
  return { nestedArray: [], ...Object.fromEntries(namesOf(new Scope(definition, undefined))) };
}

/** As protobufjs shows a namespace: types by their names, and for an enum its values. */
function* namesOf(scope: Scope): Iterable<[string, unknown]> {
  for (const [name, { values }] of Object.entries(scope.definition.nested ?? {})) {
    yield [name, values ?? scope.find(name)];
  }
}

/** Names in a definition, and around it. */
class Scope {
  readonly #known = new Map<string, PlainType | PlainEnum>();

  constructor(
    readonly definition: Definition,
    private readonly around: Scope | undefined,
  ) {}

  find(name: string): PlainType | PlainEnum | null {
    const { nested } = this.definition;
    if (nested === undefined || !Object.hasOwn(nested, name)) return this.around?.find(name) ?? null;
    const known = this.#known.get(name);
    if (known) return known;
    const definition = nested[name] as Definition;
    const { values } = definition;
    const made = values ? new PlainEnum(values) : new PlainType(name, new Scope(definition, this));
    this.#known.set(name, made);
    return made;
  }
}

/** What is asked of a message type. */
class PlainType {
  #fields: PlainField[] | undefined;
  #byId: Record<number, PlainField> | undefined;

  constructor(
    readonly name: string,
    private readonly scope: Scope,
  ) {
    // Enums of a type are properties of it, as protobufjs has them.
    for (const [inner, { values }] of Object.entries(scope.definition.nested ?? {})) {
      if (values) Object.defineProperty(this, inner, { value: values });
    }
  }

  get fieldsArray(): PlainField[] {
    this.#fields ??= Object.entries(this.scope.definition.fields ?? {}).map(
      ([name, field]) => new PlainField(name, field, this.scope),
    );
    return this.#fields;
  }

  get _fieldsArray(): PlainField[] {
    return this.fieldsArray;
  }

  get fieldsById(): Readonly<Record<number, PlainField>> {
    this.#byId ??= Object.fromEntries(this.fieldsArray.map((field) => [field.id, field]));
    return this.#byId;
  }

  decode(source: protobuf.Reader | Uint8Array, length?: number): object {
    return decodeDescriptor(this as unknown as protobuf.Type, source, length);
  }

  toObject(message: object): object {
    return message;
  }

  /** Bytes by which two messages can be compared. */
  encode(message: object): { finish(): Uint8Array } {
    return { finish: () => Buffer.from(JSON.stringify(message)) };
  }
}

/** What is asked of an enum. */
class PlainEnum {
  readonly valuesById: Readonly<Record<number, string>>;

  constructor(readonly values: Readonly<Record<string, number>>) {
    this.valuesById = Object.fromEntries(Object.entries(values).map(([name, number]) => [number, name]));
  }
}

// For `instanceof`: what belongs to reflection is never called.
Object.setPrototypeOf(PlainType.prototype, protobuf.Type.prototype);
Object.setPrototypeOf(PlainEnum.prototype, protobuf.Enum.prototype);

/** What is asked of a field. */
class PlainField {
  readonly id: number;
  readonly type: string;
  readonly repeated: boolean;
  readonly resolvedType: PlainType | PlainEnum | null;
  readonly defaultValue: unknown;

  constructor(
    readonly name: string,
    { id, type, rule, options }: protobuf.IField,
    scope: Scope,
  ) {
    this.id = id;
    this.type = type;
    this.repeated = rule === 'repeated';
    this.resolvedType = scope.find(type);
    this.defaultValue = defaultOf(type, this.resolvedType, (options as { default?: unknown } | undefined)?.default);
  }

  resolve(): this {
    return this;
  }
}

function defaultOf(type: string, resolved: PlainType | PlainEnum | null, own: unknown): unknown {
  if (resolved instanceof PlainEnum)
    return typeof own === 'string' ? resolved.values[own] : Object.values(resolved.values)[0];
  if (resolved) return null;
  return own ?? { string: '', bytes: [], bool: false }[type] ?? 0;
}
