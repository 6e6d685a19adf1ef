/** Kinds of objects that have no fields, so that they would be encoded as an empty message. */
const KINDS = /^\[object (Map|Set|Date|RegExp|String|Number|Boolean|ArrayBuffer|.*Array)\]$/;

type Members = Readonly<Record<string | symbol, unknown>>;

const STREAM_MEMBERS = ['subscribe', Symbol.asyncIterator, Symbol.iterator];

/**
 * Why an object cannot be meant as a message, for the end of an error's text; undefined when it can: `''` for a Map or
 * Date, a hint for a Promise. `names` are the fields of the message type.
 */
export function impostorHint(value: object, names: readonly string[]): string | undefined {
  if (typeof (value as { then?: unknown }).then === 'function' && !names.includes('then')) {
    return '; is an await missing?';
  }
  if (KINDS.test(Object.prototype.toString.call(value))) return '';
  // An Observable, an iterator, whatever gives messages: it has none of the fields itself.
  const isStream = STREAM_MEMBERS.some((member) => typeof (value as Members)[member] === 'function');
  return isStream ? ', not a stream' : undefined;
}
