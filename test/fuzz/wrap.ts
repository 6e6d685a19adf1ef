/** Wraps a method of a class: `around` gets the object, the arguments and what calls the method. Gives what undoes it. */
export function wrap<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  around: (self: T, args: T[K] extends (...args: infer A) => unknown ? A : never, proceed: () => void) => void,
): () => void {
  type Args = Parameters<typeof around>[1];
  const original = prototype[name] as (...args: Args) => unknown;
  prototype[name] = function (this: T, ...args: Args) {
    around(this, args, () => void original.apply(this, args));
  } as T[K];
  return () => (prototype[name] = original as T[K]);
}
