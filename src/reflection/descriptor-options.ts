import protobuf from 'protobufjs';

/** The options of a definition as protobufjs keeps them. */
export interface WrittenOptions {
  /** By name, and those in message values by their path (`feature_support.edition_introduced`); the last value counts. */
  readonly options?: Readonly<Record<string, unknown>> | null | undefined;
  /** Each as it was written: here a repeated option has all its values. Not from JSON, and not of enum values. */
  readonly parsedOptions?: readonly Readonly<Record<string, unknown>>[] | null | undefined;
}

type Values = Record<string, unknown>;

/**
 * The options of a definition that descriptor.proto knows, for a message of `type`; undefined where there are none.
 * Options that files define themselves (`(demo.v1.option)`) are left out, and so is a value that the option cannot have:
 * without one option the file still describes what is called.
 */
export function knownOptions({ options, parsedOptions }: WrittenOptions, type: protobuf.Type): object | undefined {
  const values = { ...byPath(options ?? {}), ...repeatedIn(parsedOptions ?? [], type) };
  const known = knownIn(type, values);
  return Object.keys(known).length === 0 ? undefined : type.fromObject(known);
}

/** Options with those in message values in objects. */
function byPath(options: Readonly<Values>): Values {
  const values = emptyValues();
  for (const [path, value] of Object.entries(options)) {
    // A file's own; a part of its name is no path.
    if (path.startsWith('(')) continue;
    const parts = path.split('.');
    const last = parts.pop() as string;
    let within = values;
    for (const part of parts) within = within[part] = isObject(within[part]) ? within[part] : emptyValues();
    within[last] = value;
  }
  return values;
}

/** The values of each repeated option. */
function repeatedIn(parsed: readonly Readonly<Values>[], type: protobuf.Type): Record<string, unknown[]> {
  const lists = emptyValues() as Record<string, unknown[]>;
  for (const [name, value] of parsed.flatMap((option) => Object.entries(option))) {
    if (fieldOf(type, name)?.repeated) (lists[name] ??= []).push(value);
  }
  return lists;
}

/** What of `values` a message of `type` can have, by the names that protobufjs's fields have. */
function knownIn(type: protobuf.Type, values: Values): Values {
  const known = emptyValues();
  for (const [name, value] of Object.entries(values)) {
    const field = fieldOf(type, name);
    if (field === undefined) continue;
    const all = [value].flat().map((each) => knownValue(field, each));
    const possible = all.filter((each) => each !== undefined);
    if (possible.length > 0) known[field.name] = field.repeated ? possible : possible[0];
  }
  return known;
}

/** undefined for a value of another kind, and for an enum's value that this protobufjs does not know. */
function knownValue(field: protobuf.Field, value: unknown): unknown {
  const { resolvedType, type } = field.resolve();
  if (resolvedType instanceof protobuf.Type) return isObject(value) ? knownIn(resolvedType, value) : undefined;
  if (resolvedType instanceof protobuf.Enum) return numberOf(resolvedType, value);
  const expected = type === 'bool' ? 'boolean' : type === 'string' ? 'string' : 'number';
  return typeof value === expected ? value : undefined;
}

function numberOf({ values }: protobuf.Enum, value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && Object.hasOwn(values, value) ? values[value] : undefined;
}

function fieldOf(type: protobuf.Type, option: string): protobuf.Field | undefined {
  const name = protobuf.util.camelCase(option);
  return Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Names of options come from files: none of them is to mean a property that every object has. */
function emptyValues(): Values {
  return Object.create(null) as Values;
}
