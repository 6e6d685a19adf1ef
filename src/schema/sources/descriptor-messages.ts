import protobuf from 'protobufjs';
import type descriptor from 'protobufjs/ext/descriptor.js';

/**
 * Options under the names that .proto files have, enums by name. Custom options are left out, as protobufjs does.
 */
export type ReadOptions = Readonly<Record<string, unknown>>;

/**
 * The fields of descriptor.proto's messages, by number: the name that we give the field, its kind, and `*` where it is
 * repeated. A kind is a scalar (`string` where none is given), a message of this table or an enum of {@link ENUMS}.
 * A field that is not here is skipped: comments, uninterpreted options, and the options `targets` and `edition_defaults`,
 * which are about options and which protobufjs's own extension garbles.
 */
const MESSAGES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  FileDescriptorSet: { 1: 'file FileDescriptorProto*' },
  FileDescriptorProto: {
    ...{ 1: 'name', 2: 'package', 3: 'dependency string*', 4: 'messageType DescriptorProto*' },
    ...{
      5: 'enumType EnumDescriptorProto*',
      6: 'service ServiceDescriptorProto*',
      7: 'extension FieldDescriptorProto*',
    },
    ...{ 8: 'options FileOptions', 11: 'weakDependency int32*', 12: 'syntax', 14: 'edition int32' },
  },
  DescriptorProto: {
    ...{ 1: 'name', 2: 'field FieldDescriptorProto*', 3: 'nestedType DescriptorProto*' },
    ...{ 4: 'enumType EnumDescriptorProto*', 5: 'extensionRange Range*', 6: 'extension FieldDescriptorProto*' },
    ...{ 7: 'options MessageOptions', 8: 'oneofDecl OneofDescriptorProto*', 9: 'reservedRange Range*' },
    ...{ 10: 'reservedName string*', 11: 'visibility int32' },
  },
  // Of extensions, of reserved numbers, and of those of enums: they are the same.
  Range: { 1: 'start int32', 2: 'end int32' },
  FieldDescriptorProto: {
    ...{ 1: 'name', 2: 'extendee', 3: 'number int32', 4: 'label int32', 5: 'type int32', 6: 'typeName' },
    ...{
      7: 'defaultValue',
      8: 'options FieldOptions',
      9: 'oneofIndex int32',
      10: 'jsonName',
      17: 'proto3Optional bool',
    },
  },
  OneofDescriptorProto: { 1: 'name', 2: 'options OneofOptions' },
  EnumDescriptorProto: {
    ...{ 1: 'name', 2: 'value EnumValueDescriptorProto*', 3: 'options EnumOptions', 4: 'reservedRange Range*' },
    ...{ 5: 'reservedName string*', 6: 'visibility int32' },
  },
  EnumValueDescriptorProto: { 1: 'name', 2: 'number int32', 3: 'options EnumValueOptions' },
  ServiceDescriptorProto: { 1: 'name', 2: 'method MethodDescriptorProto*', 3: 'options ServiceOptions' },
  MethodDescriptorProto: {
    ...{ 1: 'name', 2: 'inputType', 3: 'outputType', 4: 'options MethodOptions' },
    ...{ 5: 'clientStreaming bool', 6: 'serverStreaming bool' },
  },
  FileOptions: {
    ...{ 1: 'java_package', 8: 'java_outer_classname', 9: 'optimize_for OptimizeMode', 10: 'java_multiple_files bool' },
    ...{ 11: 'go_package', 16: 'cc_generic_services bool', 17: 'java_generic_services bool' },
    ...{ 18: 'py_generic_services bool', 20: 'java_generate_equals_and_hash bool', 23: 'deprecated bool' },
    ...{ 27: 'java_string_check_utf8 bool', 31: 'cc_enable_arenas bool', 36: 'objc_class_prefix' },
    ...{ 37: 'csharp_namespace', 39: 'swift_prefix', 40: 'php_class_prefix', 41: 'php_namespace' },
    ...{ 44: 'php_metadata_namespace', 45: 'ruby_package', 50: 'features FeatureSet' },
  },
  MessageOptions: {
    ...{ 1: 'message_set_wire_format bool', 2: 'no_standard_descriptor_accessor bool', 3: 'deprecated bool' },
    ...{ 7: 'map_entry bool', 11: 'deprecated_legacy_json_field_conflicts bool', 12: 'features FeatureSet' },
  },
  FieldOptions: {
    ...{
      1: 'ctype CType',
      2: 'packed bool',
      3: 'deprecated bool',
      5: 'lazy bool',
      6: 'jstype JSType',
      10: 'weak bool',
    },
    ...{ 15: 'unverified_lazy bool', 16: 'debug_redact bool', 17: 'retention OptionRetention' },
    ...{ 21: 'features FeatureSet', 22: 'feature_support FeatureSupport' },
  },
  OneofOptions: { 1: 'features FeatureSet' },
  EnumOptions: {
    ...{ 2: 'allow_alias bool', 3: 'deprecated bool', 6: 'deprecated_legacy_json_field_conflicts bool' },
    ...{ 7: 'features FeatureSet' },
  },
  EnumValueOptions: {
    ...{ 1: 'deprecated bool', 2: 'features FeatureSet', 3: 'debug_redact bool', 4: 'feature_support FeatureSupport' },
    // pb.enumvalue.json, an extension of Google's.
    998: 'json JsonEnumValueOptions',
  },
  JsonEnumValueOptions: { 1: 'string' },
  ServiceOptions: { 33: 'deprecated bool', 34: 'features FeatureSet' },
  MethodOptions: { 33: 'deprecated bool', 34: 'idempotency_level IdempotencyLevel', 35: 'features FeatureSet' },
  FeatureSet: {
    ...{
      1: 'field_presence FieldPresence',
      2: 'enum_type EnumType',
      3: 'repeated_field_encoding RepeatedFieldEncoding',
    },
    ...{ 4: 'utf8_validation Utf8Validation', 5: 'message_encoding MessageEncoding', 6: 'json_format JsonFormat' },
    ...{ 7: 'enforce_naming_style EnforceNamingStyle', 8: 'default_symbol_visibility DefaultSymbolVisibility' },
    9: 'enforce_proto_limits EnforceProtoLimits',
  },
  FeatureSupport: {
    ...{ 1: 'edition_introduced Edition', 2: 'edition_deprecated Edition', 3: 'deprecation_warning' },
    4: 'edition_removed Edition',
  },
};

/** The enums of options; their values' names by number, a gap where there is none. */
const ENUMS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  OptimizeMode: { 1: 'SPEED', 2: 'CODE_SIZE', 3: 'LITE_RUNTIME' },
  CType: { 0: 'STRING', 1: 'CORD', 2: 'STRING_PIECE' },
  JSType: { 0: 'JS_NORMAL', 1: 'JS_STRING', 2: 'JS_NUMBER' },
  OptionRetention: { 0: 'RETENTION_UNKNOWN', 1: 'RETENTION_RUNTIME', 2: 'RETENTION_SOURCE' },
  IdempotencyLevel: { 0: 'IDEMPOTENCY_UNKNOWN', 1: 'NO_SIDE_EFFECTS', 2: 'IDEMPOTENT' },
  FieldPresence: { 0: 'FIELD_PRESENCE_UNKNOWN', 1: 'EXPLICIT', 2: 'IMPLICIT', 3: 'LEGACY_REQUIRED' },
  EnumType: { 0: 'ENUM_TYPE_UNKNOWN', 1: 'OPEN', 2: 'CLOSED' },
  RepeatedFieldEncoding: { 0: 'REPEATED_FIELD_ENCODING_UNKNOWN', 1: 'PACKED', 2: 'EXPANDED' },
  Utf8Validation: { 0: 'UTF8_VALIDATION_UNKNOWN', 2: 'VERIFY', 3: 'NONE' },
  MessageEncoding: { 0: 'MESSAGE_ENCODING_UNKNOWN', 1: 'LENGTH_PREFIXED', 2: 'DELIMITED' },
  JsonFormat: { 0: 'JSON_FORMAT_UNKNOWN', 1: 'ALLOW', 2: 'LEGACY_BEST_EFFORT' },
  EnforceNamingStyle: { 0: 'ENFORCE_NAMING_STYLE_UNKNOWN', 1: 'STYLE2024', 2: 'STYLE_LEGACY', 3: 'STYLE2026' },
  DefaultSymbolVisibility: {
    ...{ 0: 'DEFAULT_SYMBOL_VISIBILITY_UNKNOWN', 1: 'EXPORT_ALL', 2: 'EXPORT_TOP_LEVEL', 3: 'LOCAL_ALL', 4: 'STRICT' },
  },
  EnforceProtoLimits: { 0: 'PROTO_LIMITS_UNKNOWN', 1: 'LEGACY_NO_EXPLICIT_LIMITS', 2: 'PROTO_LIMITS2026' },
  Edition: {
    ...{ 0: 'EDITION_UNKNOWN', 1: 'EDITION_1_TEST_ONLY', 2: 'EDITION_2_TEST_ONLY', 900: 'EDITION_LEGACY' },
    ...{
      998: 'EDITION_PROTO2',
      999: 'EDITION_PROTO3',
      1000: 'EDITION_2023',
      1001: 'EDITION_2024',
      1002: 'EDITION_2026',
    },
    ...{ 99997: 'EDITION_99997_TEST_ONLY', 99998: 'EDITION_99998_TEST_ONLY', 99999: 'EDITION_99999_TEST_ONLY' },
    2147483647: 'EDITION_MAX',
  },
};

interface FieldTable {
  readonly name: string;
  readonly kind: string;
  readonly isRepeated: boolean;
}

type Values = Record<string, unknown>;

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** {@link MESSAGES}, as it is read: each message when it first comes. */
const tables = new Map<string, ReadonlyMap<number, FieldTable>>();

/** Reads a FileDescriptorSet. @throws Error for bytes that are no message */
export function readFileSet(bytes: Uint8Array): descriptor.IFileDescriptorSet {
  return readMessage(bytes, 'FileDescriptorSet') as unknown as descriptor.IFileDescriptorSet;
}

/** Reads a FileDescriptorProto. @throws Error for bytes that are no message */
export function readFile(bytes: Uint8Array): descriptor.IFileDescriptorProto {
  return readMessage(bytes, 'FileDescriptorProto');
}

function readMessage(bytes: Uint8Array, message: string): Values {
  return readFields(protobuf.Reader.create(bytes), message, {}, 0);
}

/** Reads to the end of `reader`. What `values` has already is added to: a message may come in pieces. */
function readFields(reader: protobuf.Reader, message: string, values: Values, depth: number): Values {
  if (depth > protobuf.Reader.recursionLimit) throw new Error('messages are nested too deep');
  const table = tables.get(message) ?? tableOf(message);
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    const number = tag >>> 3;
    const wireType = tag & 7;
    const field = table.get(number);
    if (field === undefined || !readField(reader, field, wireType, values, depth)) {
      reader.skipType(wireType, depth, number);
    }
  }
  return values;
}

/** False when the field has another wire type than it should: it is an unknown field then. */
function readField(
  reader: protobuf.Reader,
  field: FieldTable,
  wireType: number,
  values: Values,
  depth: number,
): boolean {
  const { name, kind, isRepeated } = field;
  const isMessage = MESSAGES[kind] !== undefined;
  const isText = kind === 'string' || isMessage;
  if (!isText && isRepeated && wireType === LENGTH_DELIMITED) {
    within(reader, () => {
      while (reader.pos < reader.len) listOf(values, name).push(reader.int32());
    });
    return true;
  }
  if (wireType !== (isText ? LENGTH_DELIMITED : VARINT)) return false;
  if (isMessage) {
    const into = isRepeated ? {} : ((values[name] as Values | undefined) ?? {});
    within(reader, () => readFields(reader, kind, into, depth + 1));
    if (isRepeated) listOf(values, name).push(into);
    else values[name] = into;
    return true;
  }
  const value = kind === 'string' ? reader.string() : kind === 'bool' ? reader.bool() : reader.int32();
  if (isRepeated) listOf(values, name).push(value);
  else if (kind in ENUMS) setEnum(values, name, ENUMS[kind]?.[value as number]);
  else values[name] = value;
  return true;
}

/** A value of an enum that is not known is an unknown field. */
function setEnum(values: Values, name: string, value: string | undefined): void {
  if (value !== undefined) values[name] = value;
}

function listOf(values: Values, name: string): unknown[] {
  return (values[name] ??= []) as unknown[];
}

/** Runs `read` on what is prefixed by its length, and on no byte behind it. */
function within(reader: protobuf.Reader, read: () => void): void {
  const { len } = reader;
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > len) throw new RangeError(`index out of range: ${reader.pos} + ${length} > ${len}`);
  reader.len = end;
  read();
  if (reader.pos !== end) throw new RangeError(`index out of range: ${reader.pos} > ${end}`);
  reader.len = len;
}

function tableOf(message: string): ReadonlyMap<number, FieldTable> {
  const table = new Map<number, FieldTable>();
  for (const [number, text] of Object.entries(MESSAGES[message] ?? {})) {
    const [name = '', kind = 'string'] = text.split(' ');
    table.set(Number(number), { name, kind: kind.replace('*', ''), isRepeated: kind.endsWith('*') });
  }
  tables.set(message, table);
  return table;
}
