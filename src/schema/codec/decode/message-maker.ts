import type protobuf from 'protobufjs';
import type { LoaderOptions } from '../../sources/loader-options.js';
import type { MessageObject } from '../message-object.js';
import { ownCode } from '../own-code.js';
import { defaultMaker } from './scalar-readers.js';

/** What messages of one type start as: fields that were not sent have the defaults that the options want. */
export interface MessageMaker {
  /** Makes a message of which nothing was sent. */
  readonly make: () => MessageObject;
  /** The memory that such a message takes, in bytes: an estimate. */
  readonly bytes: number;
}

/** An object without properties of its own, in bytes, with the four places that V8 gives it. */
const OBJECT_BYTES = 56;
/** A property, an item of an array: a pointer. */
export const SLOT_BYTES = 8;
/** An empty array or map, or another value that each message has for itself. */
const FRESH_BYTES = 56;

/** The maker for messages with these fields. */
export function messageMaker(fields: readonly protobuf.Field[], options: LoaderOptions): MessageMaker {
  const defaults: Default[] = [];
  for (const field of fields) {
    const value = field.required ? undefined : defaultOf(field, options);
    if (value !== undefined) defaults.push({ name: field.name, value });
  }
  if (defaults.length === 0) return { make: () => ({}), bytes: OBJECT_BYTES };
  const fresh = defaults.filter(({ value }) => typeof value === 'function').length;
  const bytes = OBJECT_BYTES + defaults.length * SLOT_BYTES + fresh * FRESH_BYTES;
  return { make: literalMaker(defaults) ?? copyMaker(defaults), bytes };
}

interface Default {
  readonly name: string;
  /** A function makes it where each message needs one of its own. */
  readonly value: unknown;
}

const emptyMap = (): unknown => ({});
const emptyList = (): unknown => [];

function defaultOf(field: protobuf.Field, options: LoaderOptions): unknown {
  if (field.map) return options.objects || options.defaults ? emptyMap : undefined;
  if (field.repeated) return options.arrays || options.defaults ? emptyList : undefined;
  return options.defaults && !field.partOf ? defaultMaker(field, options) : undefined;
}

/** An object literal: V8 makes it by copying memory, whatever the number of fields. */
function literalMaker(defaults: readonly Default[]): (() => MessageObject) | undefined {
  const values: Record<string, unknown> = {};
  const properties = defaults.map(({ name, value }, index) => {
    // In brackets, else it would be the object's prototype.
    const key = name === '__proto__' ? '["__proto__"]' : JSON.stringify(name);
    return `${key}: ${literalOf(value, `value${index}`, values)}`;
  });
  return ownCode<() => MessageObject>(`() => ({ ${properties.join(', ')} })`, values);
}

function literalOf(value: unknown, name: string, values: Record<string, unknown>): string {
  if (value === emptyMap) return '{}';
  if (value === emptyList) return '[]';
  const isLiteral =
    value === null ||
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0));
  if (isLiteral) return JSON.stringify(value);
  values[name] = value;
  return typeof value === 'function' ? `${name}()` : name;
}

/** Without code from strings: a copy of a template, into which goes what each message has for itself. */
function copyMaker(defaults: readonly Default[]): () => MessageObject {
  const template: MessageObject = Object.fromEntries(defaults.map(({ name, value }) => [name, value]));
  const fresh = defaults.filter(({ value }) => typeof value === 'function');
  return () => {
    const message = { ...template };
    for (const { name, value } of fresh) message[name] = (value as () => unknown)();
    return message;
  };
}
