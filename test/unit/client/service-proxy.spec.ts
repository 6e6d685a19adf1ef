import { describe, expect, it } from '@jest/globals';
import { asyncProxy, observableProxy } from '../../../src/client/api/service-proxy.js';
import type { Calls } from '../../../src/client/calls/calls.js';
import { bytesCodec, type MethodShape } from '../../../src/protocol/index.js';
import type { MethodDescriptor, ServiceDescriptor } from '../../../src/schema/index.js';

/** Calls that only say which form was asked for and what with. */
const calls = {
  observe: (...[method, request, options]) => ['observe', method.fullName, request, options],
  promise: (...[method, request, options]) => ['promise', method.fullName, request, options],
  iterate: (...[method, request, options]) => ['iterate', method.fullName, request, options],
} as { [Form in keyof Calls]: (...args: Parameters<Calls[Form]>) => unknown } as Calls;

type Proxy = Record<string, (request?: unknown, options?: unknown) => unknown>;

function service(methods: Record<string, MethodShape>): ServiceDescriptor {
  const entries = Object.entries(methods).map(([name, shape]): [string, MethodDescriptor] => [
    name,
    {
      name,
      shape,
      request: bytesCodec,
      response: bytesCodec,
    },
  ]);
  return { name: 'x.Y', methods: Object.fromEntries(entries) };
}

describe('a proxy', () => {
  it('calls in the form of its kind and of the shape', () => {
    const shapes = service({ A: 'unary', B: 'server-streaming', C: 'client-streaming', D: 'bidi' });
    const observables = observableProxy(shapes, calls) as Proxy;
    const promises = asyncProxy(shapes, calls) as Proxy;
    expect(['a', 'B', 'c', 'D'].map((name) => observables[name]?.(1, 2))).toEqual([
      ['observe', 'x.Y/A', 1, 2],
      ['observe', 'x.Y/B', 1, 2],
      ['observe', 'x.Y/C', 1, 2],
      ['observe', 'x.Y/D', 1, 2],
    ]);
    expect(['a', 'B', 'c', 'D'].map((name) => promises[name]?.(1, 2))).toEqual([
      ['promise', 'x.Y/A', 1, 2],
      ['iterate', 'x.Y/B', 1, 2],
      ['promise', 'x.Y/C', 1, 2],
      ['iterate', 'x.Y/D', 1, 2],
    ]);
  });

  it('has one function for both forms of a name', () => {
    const proxy = asyncProxy(service({ SayHello: 'unary', sendAll: 'unary' }), calls) as Proxy;
    expect(Object.keys(proxy).sort()).toEqual(['SayHello', 'SendAll', 'sayHello', 'sendAll']);
    expect(proxy.sayHello).toBe(proxy.SayHello);
    expect(proxy.SendAll?.()).toEqual(['promise', 'x.Y/sendAll', undefined, undefined]);
  });

  it('is not misled by the names of Object', () => {
    const proxy = observableProxy(service({ ToString: 'unary', Constructor: 'unary', ['__proto__']: 'unary' }), calls);
    expect(Object.getPrototypeOf(proxy)).toBe(Object.prototype);
    expect(`${proxy as unknown as string}`).toBe('[object Object]');
    expect(proxy.constructor).toBe(Object);
    expect(Object.keys(proxy)).toEqual(['ToString', 'Constructor', '__proto__']);
    expect((proxy as Proxy)['__proto__']?.()).toEqual(['observe', 'x.Y/__proto__', undefined, undefined]);
  });
});
