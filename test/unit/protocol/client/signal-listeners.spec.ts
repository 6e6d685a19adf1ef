import { expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { offAbort, onAbort } from '../../../../src/protocol/client/signal-listeners.js';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

it('a signal has one listener however many callbacks wait, and none after the last', () => {
  const { signal } = new AbortController();
  const callbacks = Array.from({ length: 20 }, () => () => undefined);
  for (const callback of callbacks) onAbort(signal, callback);
  expect(listeners(signal)).toBe(1);
  for (const callback of callbacks) offAbort(signal, callback);
  expect(listeners(signal)).toBe(0);
});

it('an abort calls each callback once, also when they take themselves out', () => {
  const controller = new AbortController();
  const { signal } = controller;
  const called: string[] = [];
  const callbacks = ['a', 'b', 'c'].map((name) => {
    const callback = (): void => {
      called.push(name);
      offAbort(signal, callback);
    };
    return callback;
  });
  for (const callback of callbacks) onAbort(signal, callback);
  controller.abort();
  expect(called).toEqual(['a', 'b', 'c']);
  expect(listeners(signal)).toBe(0);
});
