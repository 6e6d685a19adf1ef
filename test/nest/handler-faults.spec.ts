import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { UseInterceptors, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { concat, delay, finalize, from, map, NEVER, Observable, of, Subject, tap } from 'rxjs';
import { TtrpcMethod, TtrpcService, TtrpcStatus, type TtrpcContext, type TtrpcStream } from '../../src/index.js';
import { deferred, turns, type Deferred } from '../support/deferred.js';
import { hostileValues } from '../support/hostile-values.js';
import { startLab, type Lab, type LabOptions, type Message } from '../support/nest-lab.js';

// An uncaught exception or an unhandled rejection fails the test in which it comes: Jest sees to that. RxJS throws from
// timers, so each test ends behind them.

/** What the server has logged, and who waits for a line. */
let lines: string[];
let waiting: { text: string; wait: Deferred<void> }[];
let lab: Lab;

function note(...args: unknown[]): void {
  lines.push(String(args[0]));
  for (const { text, wait } of waiting) if (lines.at(-1)?.includes(text)) wait.resolve();
}

/** Resolves when a line with `text` is logged. */
function logged(text: string): Promise<void> {
  if (lines.some((line) => line.includes(text))) return Promise.resolve();
  const wait = deferred();
  waiting.push({ text, wait });
  return wait.promise;
}

async function start(controller: LabOptions['controllers'][number], options: Partial<LabOptions> = {}): Promise<void> {
  lab = await startLab({ controllers: [controller], ...options, server: { gracePeriodMs: 0, ...options.server } });
  Object.assign((lab.server as unknown as { logger: object }).logger, { error: note, warn: note });
}

/** Behind the timers from which RxJS throws what nobody has taken. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  await turns(2);
}

beforeEach(() => {
  lines = [];
  waiting = [];
});

afterEach(async () => {
  await settled();
  await lab.close();
  await settled();
});

function thrower(what = 'teardown'): () => never {
  return () => {
    throw new Error(`${what} fails`);
  };
}

describe('a reader of a request stream without an error handler', () => {
  /** How the handlers read, and how the call ends before the client has sent all. */
  const readers: Record<string, (messages: TtrpcStream<Message>, subject: Subject<Message>) => void> = {
    'subscribe({ next, complete })': (messages, subject) =>
      void messages.subscribe({ next: (message) => subject.next(message), complete: () => subject.complete() }),
    'subscribe(next)': (messages, subject) => void messages.subscribe((message) => subject.next(message)),
    'behind operators': (messages, subject) =>
      void messages.pipe(map((message) => message)).subscribe((message) => subject.next(message)),
    'inside another Observable': (messages, subject) =>
      void concat(of({ number: 0 }), messages).subscribe((message) => subject.next(message)),
  };
  const ends: Record<string, (call: { cancel(): void }) => unknown> = {
    'the client cancels': (call) => call.cancel(),
    'the client closes its connection': () => lab.client.close(),
    'the server closes': () => lab.app.close(),
    'the deadline passes': () => undefined,
  };

  it.each(
    Object.keys(readers).flatMap((reader) =>
      Object.keys(ends).flatMap((end) => (['Chat', 'Sum'] as const).map((rpc) => [rpc, reader, end] as const)),
    ),
  )('%s, %s: %s, and it is logged', async (rpc, reader, end) => {
    const begun = deferred();
    const aborted = deferred();
    const handle = (messages: TtrpcStream<Message>, { signal }: TtrpcContext): Observable<Message> => {
      const subject = new Subject<Message>();
      readers[reader]?.(messages, subject);
      signal.addEventListener('abort', () => aborted.resolve());
      begun.resolve();
      return subject.asObservable();
    };
    @TtrpcService('lab.v1.Lab')
    class Reader {
      @TtrpcMethod() chat(messages: TtrpcStream<Message>, context: TtrpcContext): Observable<Message> {
        return handle(messages, context);
      }
      @TtrpcMethod() sum(messages: TtrpcStream<Message>, context: TtrpcContext): Observable<Message> {
        return handle(messages, context);
      }
    }
    await start(Reader);
    const shape = rpc === 'Chat' ? 'bidi' : 'client-streaming';
    // The end of the connection is what tells the server; the call is alone on it.
    const timeoutMs = end === 'the deadline passes' ? 300 : undefined;
    const call = lab.client.stream('lab.v1.Lab', rpc, shape, { timeoutMs });
    const ended = (async () => {
      for await (const _ of call);
    })().catch((error: unknown) => error);
    await begun.promise;
    if (end === 'the client cancels') {
      call.cancel();
      lab.client.close();
    } else void ends[end]?.(call);
    await Promise.all([ended, aborted.promise, logged('has ended early and its reader has no error handler')]);
    await settled();
    expect(lines).toHaveLength(1);
  });

  it('errors that are not ours go where RxJS sends them', async () => {
    const { watchError } = await import('../../src/transport/call/unheard-errors.js');
    const { config } = await import('rxjs');
    await start(class {});
    const before = config.onUnhandledError;
    const seen: unknown[] = [];
    config.onUnhandledError = (error) => seen.push(error);
    try {
      const ours = new Error('ours');
      let reports = 0;
      watchError(ours, () => reports++);
      config.onUnhandledError(new Error('theirs'));
      config.onUnhandledError(ours);
      expect(seen).toEqual([new Error('theirs')]);
      expect(reports).toBe(1);
    } finally {
      config.onUnhandledError = before;
    }
  });
});

describe('a reader of a request stream that throws', () => {
  it.each(['next', 'complete'] as const)('in %s ends its call', async (where) => {
    @TtrpcService('lab.v1.Lab')
    class Reader {
      @TtrpcMethod() chat(messages: TtrpcStream<Message>): Observable<Message> {
        messages.subscribe({ [where]: thrower('the reader') });
        return NEVER;
      }
    }
    await start(Reader);
    await expect(lab.stream('Chat', [{ number: 1 }])).rejects.toMatchObject({ code: TtrpcStatus.UNKNOWN });
    expect(lines).toEqual(['Reader.chat failed: the reader fails']);
  });

  it('in its teardown ends its call', async () => {
    @TtrpcService('lab.v1.Lab')
    class Reader {
      @TtrpcMethod() chat(messages: TtrpcStream<Message>): Observable<Message> {
        return messages.pipe(finalize(thrower()));
      }
    }
    await start(Reader);
    expect(await lab.stream('Chat', [{ number: 1 }])).toMatchObject([{ number: 1 }]);
    await logged('teardown fails');
  });
});

describe('a teardown that throws', () => {
  const messages = [{ number: 1 }, { number: 2 }];
  const later = (): Observable<Message> => from(messages).pipe(delay(1));
  const sources: Record<string, () => Observable<Message>> = {
    'finalize, at once': () => from(messages).pipe(finalize(thrower())),
    'finalize, later': () => later().pipe(finalize(thrower())),
    'a teardown, at once': () =>
      new Observable((subscriber) => {
        for (const message of messages) subscriber.next(message);
        subscriber.complete();
        return thrower();
      }),
    'a teardown, later': () =>
      new Observable((subscriber) => {
        const timer = setImmediate(() => {
          for (const message of messages) subscriber.next(message);
          subscriber.complete();
        });
        return () => {
          clearImmediate(timer);
          thrower()();
        };
      }),
  };
  class Passing implements NestInterceptor {
    intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
      return next.handle();
    }
  }
  class Finalizing implements NestInterceptor {
    intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
      return next.handle().pipe(finalize(thrower()));
    }
  }

  it.each(Object.keys(sources).flatMap((source) => [false, true].map((intercepted) => [source, intercepted] as const)))(
    '%s (intercepted: %s): the call ends well',
    async (source, intercepted) => {
      @TtrpcService('lab.v1.Lab')
      @(intercepted ? UseInterceptors(Passing) : (target: object) => void target)
      class Tearing {
        @TtrpcMethod() count(): Observable<Message> {
          return sources[source]?.() as Observable<Message>;
        }
      }
      await start(Tearing);
      expect(await lab.stream('Count', [{}])).toMatchObject(messages);
    },
  );

  it.each(['Ask', 'Count', 'Iterate'])('in an interceptor: %s ends', async (rpc) => {
    @TtrpcService('lab.v1.Lab')
    @UseInterceptors(Finalizing)
    class Intercepted {
      @TtrpcMethod() ask(): Message {
        return { number: 1 };
      }
      @TtrpcMethod() count(): unknown {
        return rpc === 'Count' ? later() : from(messages);
      }
    }
    await start(Intercepted);
    if (rpc === 'Ask') expect(await lab.ask('Ask', {})).toMatchObject({ number: 1 });
    else expect(await lab.stream('Count', [{}])).toMatchObject(messages);
  });

  it.each(['Ask', 'Count'])('at a cancel of %s: the server goes on and closes', async (rpc) => {
    const begun = deferred();
    const handle = (): Observable<Message> =>
      NEVER.pipe(tap({ subscribe: () => begun.resolve() }), finalize(thrower()));
    @TtrpcService('lab.v1.Lab')
    class Tearing {
      @TtrpcMethod() ask(): Observable<Message> {
        return handle();
      }
      @TtrpcMethod() count(): Observable<Message> {
        return handle();
      }
    }
    await start(Tearing);
    const failed = (rpc === 'Ask' ? lab.ask('Ask', {}) : lab.stream('Count', [{}])).catch((error: unknown) => error);
    await begun.promise;
    lab.client.close();
    await Promise.all([failed, logged('teardown fails')]);
    expect(lab.server.stats).toMatchObject({ calls: 0 });
  });

  it('when a second answer comes', async () => {
    @TtrpcService('lab.v1.Lab')
    class Tearing {
      @TtrpcMethod() ask(): Observable<Message> {
        return concat(from(messages), NEVER).pipe(finalize(thrower()));
      }
    }
    await start(Tearing);
    await expect(lab.ask('Ask', {})).rejects.toMatchObject({ code: TtrpcStatus.INTERNAL });
    await logged('teardown fails');
  });
});

describe('what cannot be printed is UNKNOWN with a line in the log', () => {
  const ways: Record<string, (value: () => unknown) => unknown> = {
    thrown: (value) => {
      throw value();
    },
    'a rejection': (value) => new Promise((_, reject) => void reject(value())),
    'an error of an Observable': (value) => new Observable((subscriber) => subscriber.error(value())),
  };
  it.each(Object.keys(hostileValues).flatMap((name) => Object.keys(ways).map((way) => [name, way] as const)))(
    '%s, %s',
    async (name, way) => {
      @TtrpcService('lab.v1.Lab')
      class Hostile {
        @TtrpcMethod() ask(): unknown {
          return ways[way]?.(hostileValues[name] as () => unknown);
        }
      }
      await start(Hostile);
      await expect(lab.ask('Ask', {})).rejects.toMatchObject({ code: TtrpcStatus.UNKNOWN });
      if (name !== 'an object whose message throws') expect(lines).toHaveLength(1);
    },
  );
});

describe('a broken AsyncIterable', () => {
  const iterables: Record<string, () => unknown> = {
    'a locked ReadableStream': () => {
      const stream = new ReadableStream();
      stream.getReader();
      return stream;
    },
    'without an iterator': () => ({ [Symbol.asyncIterator]: thrower('iterator') }),
    'whose iterator is none': () => ({ [Symbol.asyncIterator]: () => ({}) }),
    'whose return() rejects': () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ value: 7, done: false }),
        return: () => Promise.reject(new Error('return fails')),
      }),
    }),
    'whose results are none': () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(undefined) }) }),
  };
  class Passing implements NestInterceptor {
    intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
      return next.handle();
    }
  }

  it.each(Object.keys(iterables).flatMap((name) => [false, true].map((intercepted) => [name, intercepted] as const)))(
    '%s (intercepted: %s) fails its call',
    async (name, intercepted) => {
      @TtrpcService('lab.v1.Lab')
      @(intercepted ? UseInterceptors(Passing) : (target: object) => void target)
      class Broken {
        @TtrpcMethod() count(): unknown {
          return iterables[name]?.();
        }
      }
      await start(Broken);
      await expect(lab.stream('Count', [{}])).rejects.toMatchObject({ message: expect.any(String) });
      expect(lines).toHaveLength(1);
    },
  );

  it.each(Object.keys(iterables))('%s that comes when its call is over is let go', async (name) => {
    const begun = deferred();
    const release = deferred();
    @TtrpcService('lab.v1.Lab')
    class Broken {
      @TtrpcMethod() async count(): Promise<unknown> {
        begun.resolve();
        await release.promise;
        return iterables[name]?.();
      }
    }
    await start(Broken);
    const failed = lab.stream('Count', [{}]).catch((error: unknown) => error);
    await begun.promise;
    await lab.server.close();
    expect(await failed).toMatchObject({ code: TtrpcStatus.UNAVAILABLE });
    release.resolve();
    await settled();
  });
});

describe("Nest's processing hooks", () => {
  @TtrpcService('lab.v1.Lab')
  class Plain {
    @TtrpcMethod() ask(): Message {
      return { number: 1 };
    }
  }

  it.each(['throws', 'rejects'])('a start hook that %s fails its call', async (how) => {
    await start(Plain);
    lab.server.setOnProcessingStartHook((() => {
      if (how === 'throws') thrower('hook')();
      return Promise.reject(new Error('hook fails'));
    }) as never);
    await expect(lab.ask('Ask', {})).rejects.toMatchObject({ code: TtrpcStatus.UNKNOWN });
    expect(lines).toEqual(['Plain.ask failed: hook fails']);
  });

  it('a start hook that rejects when the call runs, and an end hook, are logged', async () => {
    await start(Plain);
    lab.server.setOnProcessingStartHook(((_transport: unknown, _context: unknown, done: () => Promise<unknown>) => {
      void done();
      return Promise.reject(new Error('start fails'));
    }) as never);
    const rejects = (): unknown => Promise.reject(new Error('end fails'));
    lab.server.setOnProcessingEndHook(rejects);
    expect(await lab.ask('Ask', {})).toMatchObject({ number: 1 });
    await Promise.all([logged('start hook failed for Plain.ask'), logged('end hook failed for Plain.ask')]);
  });
});

it('failures of one kind are logged once in a while', async () => {
  @TtrpcService('lab.v1.Lab')
  class Failing {
    @TtrpcMethod() ask({ text }: Message): Message {
      throw text === 'type' ? new TypeError('typed') : new Error('plain');
    }
  }
  await start(Failing);
  for (const text of ['a', 'b', 'type', 'c', 'type']) await expect(lab.ask('Ask', { text })).rejects.toThrow();
  expect(lines).toEqual(['Failing.ask failed: plain', 'Failing.ask failed: typed']);
});
