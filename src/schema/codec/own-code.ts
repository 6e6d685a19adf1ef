/**
 * A function with code of its own, made by `source`, which is the text of a function expression that may use `values` by
 * their names. V8 keeps for each code what the objects were like that it has met: a closure that all fields of all types
 * share has met too many for the fast way to a property, and costs 10 ns more for each field. Undefined where the process
 * forbids code from strings (`node --disallow-code-generation-from-strings`). Whatever goes into `source` must be a
 * literal: `JSON.stringify` for names.
 */
export function ownCode<T>(source: string, values: Readonly<Record<string, unknown>>): T | undefined {
  try {
    // Nothing but literals and what stands in this folder.
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    const make = new Function(...Object.keys(values), `return ${source};`) as (...all: unknown[]) => T;
    return make(...Object.values(values));
  } catch {
    return undefined;
  }
}
