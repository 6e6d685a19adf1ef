import type protobuf from 'protobufjs';
import { InvalidValue } from './encode-error.js';
import type { MessageObject } from '../message-object.js';
import { getter, type Getter } from './properties.js';

/** A oneof with more than one member, of which one at most may be set: the receiver would see one of them. */
export interface OneofCheck {
  readonly members: readonly string[];
  /** What is wrong with a message; undefined when all is well. */
  conflict(message: MessageObject): InvalidValue | undefined;
}

/** The check of `oneof`. */
export function oneofCheck(oneof: protobuf.OneOf): OneofCheck {
  const members = oneof.fieldsArray.map((field) => field.name);
  const getters = members.map(getter);
  return {
    members,
    conflict(message) {
      let first = -1;
      for (let at = 0; at < getters.length; at += 1) {
        const value = (getters[at] as Getter)(message);
        if (value === undefined || value === null) continue;
        if (first < 0) first = at;
        else {
          const expected = `one member of the oneof, not both ${members[first]} and ${members[at]}`;
          return new InvalidValue(expected, message).within(oneof.name);
        }
      }
      return undefined;
    },
  };
}

/** The message to encode when each oneof must have one member at most. @throws {InvalidValue} */
export function withOneMember(checks: readonly OneofCheck[], message: MessageObject): MessageObject {
  for (const check of checks) {
    const error = check.conflict(message);
    if (error === undefined) continue;
    // A message of protobufjs: what is not set is there all the same, as a default of its prototype.
    if (message['$type'] === undefined || check.conflict({ ...message }) !== undefined) throw error;
    return { ...message };
  }
  return message;
}
