import protobuf from 'protobufjs';

/** What protobufjs keeps among the options and descriptors have elsewhere. */
const ELSEWHERE = new Set(['default', 'json_name', 'proto3_optional']);

/**
 * The options of a definition that descriptor.proto knows, for a message of `type`; undefined where there are none.
 * Options that files define themselves (`(demo.v1.option)`) are left out.
 */
export function knownOptions(options: Record<string, unknown> | undefined, type: protobuf.Type): object | undefined {
  const known = Object.entries(options ?? {}).flatMap(([key, value]) => {
    const name = protobuf.util.camelCase(key);
    return !ELSEWHERE.has(key) && Object.hasOwn(type.fields, name) ? [[name, inCamelCase(value)] as const] : [];
  });
  return known.length === 0 ? undefined : type.fromObject(Object.fromEntries(known));
}

function inCamelCase(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [protobuf.util.camelCase(key), each]));
}
