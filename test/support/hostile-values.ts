/** Throws instead of giving a value. */
function fails(): never {
  throw new Error('reading it throws');
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** An Error with getters that throw. */
function errorWith(...names: string[]): Error {
  const error = new Error('hostile');
  for (const name of names) Object.defineProperty(error, name, { get: fails, configurable: true });
  return error;
}

/** Values that a program may throw and that fail when they are printed or looked at, by name. */
export const hostileValues: Readonly<Record<string, () => unknown>> = {
  'an object without a prototype': () => Object.create(null) as unknown,
  'a revoked Proxy': revoked,
  'a Proxy whose traps throw': () =>
    new Proxy({}, { get: fails, has: fails, getPrototypeOf: fails, ownKeys: fails, getOwnPropertyDescriptor: fails }),
  'an Error whose message throws': () => errorWith('message'),
  'an Error whose stack throws': () => errorWith('stack'),
  'an Error whose code, details and status throw': () => errorWith('code', 'details', 'status'),
  'an Error of which everything throws': () => errorWith('stack', 'message', 'name', 'code', 'toString', 'getError'),
  'an object whose toString throws': () => ({ toString: fails }),
  'an object whose toString gives an object': () => ({ toString: () => ({}), valueOf: () => ({}) }),
  'an object whose Symbol.toPrimitive throws': () => ({ [Symbol.toPrimitive]: fails }),
  'an object whose message is an object without a prototype': () => ({ message: Object.create(null) as unknown }),
  'an object whose message throws': () => Object.defineProperty({}, 'message', { get: fails }),
  'an exception whose getError throws': () => Object.assign(new Error('hostile'), { getError: fails }),
  'an exception whose getError gives a revoked Proxy': () =>
    Object.assign(new Error('hostile'), { getError: () => revoked() }),
  'an HTTP exception whose getStatus throws': () =>
    Object.assign(new Error('hostile'), { getStatus: fails, getResponse: () => 'text' }),
  'an HTTP exception whose getStatus gives an object without a prototype': () =>
    Object.assign(new Error('hostile'), { getStatus: () => Object.create(null) as unknown, getResponse: () => 'text' }),
  'an HTTP exception whose getResponse throws': () =>
    Object.assign(new Error('hostile'), { getStatus: () => 400, getResponse: fails }),
  'an HTTP exception whose message is a list of objects without a prototype': () =>
    Object.assign(new Error('hostile'), {
      getStatus: () => 400,
      getResponse: () => ({ message: [Object.create(null) as unknown] }),
    }),
  'a function whose properties throw': () => new Proxy(fails, { get: fails }),
  'a symbol': () => Symbol('hostile'),
  undefined: () => undefined,
  null: () => null,
};
