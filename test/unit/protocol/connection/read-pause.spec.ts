import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { MAX_PAUSE_MS, ReadPause } from '../../../../src/protocol/connection/read-pause.js';

let log: string[];
let alone: boolean;
let pause: ReadPause;

beforeEach(() => {
  jest.useFakeTimers();
  log = [];
  alone = true;
  const connection = { pauseReading: () => void log.push('pause'), resumeReading: () => void log.push('resume') };
  pause = new ReadPause(
    connection,
    () => alone,
    () => void log.push('too long'),
  );
});

afterEach(() => {
  pause.resume();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

it('pauses and resumes once each', () => {
  pause.pause();
  pause.pause();
  pause.resume();
  pause.resume();
  expect(log).toEqual(['pause', 'resume']);
});

it('holds a connection of its own back without a limit', () => {
  pause.pause();
  jest.advanceTimersByTime(10 * MAX_PAUSE_MS);
  expect(log).toEqual(['pause']);
});

it('ends a stream that has held others back for a second, also those that came later', () => {
  pause.pause();
  jest.advanceTimersByTime(MAX_PAUSE_MS / 2);
  alone = false;
  jest.advanceTimersByTime(MAX_PAUSE_MS);
  expect(log).toEqual(['pause', 'resume', 'too long']);
});
