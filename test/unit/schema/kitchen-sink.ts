import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of the .proto files that these tests share; `generated` holds what is made of them. */
export const PROTOS = fileURLToPath(new URL('protos/', import.meta.url));

/** A proto3 file with every kind of field. */
export const KITCHEN_SINK = readFileSync(`${PROTOS}kitchen-sink.proto`, 'utf8');

/** A proto2 file: required fields, defaults, groups, extensions, closed enums. */
export const PROTO2 = readFileSync(`${PROTOS}old.proto`, 'utf8');
