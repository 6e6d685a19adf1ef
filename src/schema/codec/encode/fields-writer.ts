import { locate } from './encode-error.js';
import type { MessageObject } from '../message-object.js';
import type { FieldPlan, FieldsWriter } from './field-plan.js';
import { withOneMember, type OneofCheck } from './oneof-check.js';
import { ownCode } from '../own-code.js';
import { getter, isObjectMember, type Getter } from './properties.js';
import { UNKNOWN_FIELDS, unknownFieldsOf } from '../unknown-fields.js';
import type { WireWriter } from './wire-writer.js';

/** Writes the fields that `plans` describe, in their order, then the unknown ones that came with the message. */
export function fieldsWriter(plans: readonly FieldPlan[], oneofs: readonly OneofCheck[]): FieldsWriter {
  return generated(plans, oneofs) ?? looped(plans, oneofs);
}

function writeUnknown(writer: WireWriter, message: object): void {
  const bytes = unknownFieldsOf(message);
  if (bytes !== undefined) writer.raw(bytes);
}

/** For processes that forbid code from strings. */
function looped(plans: readonly FieldPlan[], oneofs: readonly OneofCheck[]): FieldsWriter {
  const getters = plans.map(({ name }) => getter(name));
  return (writer, given) => {
    const message = oneofs.length > 0 ? withOneMember(oneofs, given) : given;
    let at = 0;
    try {
      for (; at < plans.length; at += 1) {
        const { write, isRequired } = plans[at] as FieldPlan;
        const value = (getters[at] as Getter)(message);
        if (isRequired || (value !== undefined && value !== null)) write(writer, value);
      }
    } catch (error) {
      throw locate(error, (plans[at] as FieldPlan).name);
    }
    writeUnknown(writer, message);
  };
}

/**
 * One function for each type: V8 then knows what this type's messages are like, and what each field calls. `at` says
 * for an error which field was about to be written.
 */
function generated(plans: readonly FieldPlan[], oneofs: readonly OneofCheck[]): FieldsWriter | undefined {
  const values: Record<string, unknown> = {
    unknown: UNKNOWN_FIELDS,
    writeUnknown,
    fail: (error: unknown, at: number) => locate(error, (plans[at] as FieldPlan).name),
    oneMember: (message: MessageObject) => withOneMember(oneofs, message),
  };
  const read = (name: string): string => {
    if (!isObjectMember(name)) return `message[${JSON.stringify(name)}]`;
    const index = plans.findIndex((plan) => plan.name === name);
    values[`get${index}`] = getter(name);
    return `get${index}(message)`;
  };
  const fields = plans.map((plan, at) => {
    values[`write${at}`] = plan.write;
    const write = writeCode(plan, `write${at}(writer, value);`);
    const isSet = plan.isRequired ? '' : 'if (value !== undefined && value !== null) ';
    return `at = ${at}; value = ${read(plan.name)}; ${isSet}{ ${write} }`;
  });
  const counts = oneofs.map(({ members }) => {
    const count = members.map(
      (name) => `value = ${read(name)}; if (value !== undefined && value !== null) count += 1;`,
    );
    return `count = 0; ${count.join(' ')} if (count > 1) message = oneMember(message);`;
  });
  const source = `(writer, message) => {
    let value, at = 0, count = 0;
    ${counts.join('\n')}
    try {
      ${fields.join('\n')}
    } catch (error) { throw fail(error, at); }
    if (message[unknown] !== undefined) writeUnknown(writer, message);
  }`;
  return ownCode<FieldsWriter>(source, values);
}

/** The fast way for what the common kinds are mostly given as; `general` for the rest, and for what is wrong. */
function writeCode({ inline }: FieldPlan, general: string): string {
  const direct = inline?.scalar.direct;
  if (inline === undefined || direct === undefined) return general;
  const write = `writer.uint32(${inline.tag}); writer.${direct.method}(value);`;
  const guarded = inline.hasPresence ? write : `if (${direct.isSet}) { ${write} }`;
  return `if (${direct.test}) { ${guarded} } else ${general}`;
}
