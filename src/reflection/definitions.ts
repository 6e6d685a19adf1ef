import protobuf from 'protobufjs';
import { isDefinition, isGroup } from '../schema/codec/editions.js';
import { spelledName } from '../schema/codec/reflection.js';

/** What stands in the packages of a root: messages, enums, services and extensions. */
export function* definitionsIn(namespace: protobuf.NamespaceBase): Iterable<protobuf.ReflectionObject> {
  for (const nested of namespace.nestedArray) {
    const isPackage = nested instanceof protobuf.Namespace && !isDefinition(nested);
    if (isPackage) yield* definitionsIn(nested);
    else yield nested;
  }
}

/** The name of the package that a definition stands in; empty where it is in none. */
export function packageOf(definition: protobuf.ReflectionObject): string {
  return definition.parent?.fullName.slice(1) ?? '';
}

/** The types that a definition refers to, with all that it holds. */
export function* typesIn(definition: protobuf.ReflectionObject): Iterable<protobuf.ReflectionObject> {
  if (definition instanceof protobuf.Type) {
    for (const field of ownFieldsOf(definition)) yield* typesIn(field);
    for (const nested of definition.nestedArray) yield* typesIn(nested);
  } else if (definition instanceof protobuf.Service) {
    for (const method of definition.methodsArray) yield* typesIn(method);
  } else if (definition instanceof protobuf.Method) {
    const { resolvedRequestType, resolvedResponseType } = definition.resolve() as protobuf.Method;
    if (resolvedRequestType) yield resolvedRequestType;
    if (resolvedResponseType) yield resolvedResponseType;
  } else if (definition instanceof protobuf.Field) {
    const { resolvedType, extensionField } = definition.resolve();
    if (resolvedType) yield resolvedType;
    if (extensionField?.parent) yield extensionField.parent;
  }
}

/** protobufjs also has the extensions of a type among its fields, by their full name. */
export function ownFieldsOf(type: protobuf.Type): protobuf.Field[] {
  return type.fieldsArray.filter(({ declaringField }) => !declaringField);
}

/** The name of a field in descriptors. That of a group is the group's in lower case; protobufjs's parser has `fooBar`. */
export function describedName(field: protobuf.Field): string {
  return isGroup(field) ? field.type.slice(field.type.lastIndexOf('.') + 1).toLowerCase() : spelledName(field);
}
