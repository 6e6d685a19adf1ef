import type { MessageObject } from '../message-object.js';

/** Reads a property of a message's value. */
export type Getter = (message: MessageObject) => unknown;

/** The reader of the property `name`. */
export function getter(name: string): Getter {
  return isObjectMember(name) ? (message) => ownValue(message, name) : (message) => message[name];
}

/** True for the names that every object has: for these only what the user's object or class says counts. */
export function isObjectMember(name: string): boolean {
  return name in Object.prototype;
}

function ownValue(message: MessageObject, name: string): unknown {
  if (Object.hasOwn(message, name)) return message[name];
  // On a prototype only an accessor holds data: the rest are methods and Object's own members.
  let owner = Object.getPrototypeOf(message) as object | null;
  for (; owner !== null && !isRootPrototype(owner); owner = Object.getPrototypeOf(owner) as object | null) {
    if (Object.getOwnPropertyDescriptor(owner, name)?.get) return message[name];
  }
  return undefined;
}

/** True for Object.prototype, also of another realm. */
function isRootPrototype(owner: object): boolean {
  return Object.getPrototypeOf(owner) === null && Object.hasOwn(owner, 'hasOwnProperty');
}
