import { afterEach, describe, expect, it } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Observable, of } from 'rxjs';
import { TtrpcMethod, TtrpcService, type TtrpcStream } from '../../src/index.js';
import { startLab, type Lab, type Message } from '../support/nest-lab.js';
import { turn } from '../support/deferred.js';

const store = new AsyncLocalStorage<string>();
/** Each handler works in a store that is named like its request, with others at work on the same connection. */
@TtrpcService('lab.v1.Lab')
class LabController {
  @TtrpcMethod()
  async ask({ text = '' }: Message): Promise<Message> {
    return store.run(text, async () => {
      for (let n = 0; n < 5; n++) await turn();
      return { text: store.getStore() };
    });
  }

  @TtrpcMethod()
  count({ text = '', number = 0 }: Message): Observable<Message> {
    return store.run(
      text,
      () =>
        new Observable((subscriber) => {
          // Subscribed outside `run`: what a handler has entered is over when it has returned.
          subscriber.next({ text: store.getStore() ?? 'none', number });
          subscriber.complete();
        }),
    );
  }

  @TtrpcMethod()
  chat(messages: TtrpcStream<Message>): Observable<Message> {
    return new Observable((subscriber) => {
      messages.subscribe({
        next: ({ text = '' }) => store.run(text, () => subscriber.next({ text: store.getStore() })),
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
  }

  @TtrpcMethod()
  async sum(messages: TtrpcStream<Message>): Promise<Message> {
    let name = '';
    let same = true;
    for await (const { text = '' } of messages) {
      name ||= text;
      // `enterWith` holds for what this async function does from here on, and for nobody else.
      if (name === text && store.getStore() === undefined) store.enterWith(name);
      await turn();
      same &&= store.getStore() === name;
    }
    return { text: same ? name : `saw ${store.getStore()}` };
  }

  @TtrpcMethod()
  forget(): Observable<object> {
    return of({});
  }
}

describe("a handler's AsyncLocalStorage", () => {
  let lab: Lab;
  afterEach(() => lab.close());
  const names = Array.from({ length: 20 }, (_, n) => `call ${n}`);

  it("is not another call's: run() in unary handlers at work at a time", async () => {
    lab = await startLab({ controllers: [LabController] });
    const answers = await Promise.all(names.map((text) => lab.ask('Ask', { text })));
    expect(answers.map(({ text }) => text)).toEqual(names);
  });

  it('is over when the handler has returned', async () => {
    lab = await startLab({ controllers: [LabController] });
    const answers = await Promise.all(names.map((text) => lab.stream('Count', [{ text, number: 1 }])));
    expect(answers.flat().map(({ text }) => text)).toEqual(names.map(() => 'none'));
  });

  it("is not another call's: streams that are interleaved", async () => {
    lab = await startLab({ controllers: [LabController] });
    const answers = await Promise.all(names.map((text) => lab.stream('Chat', [{ text }, { text }])));
    expect(answers.map((each) => each.map(({ text }) => text))).toEqual(names.map((text) => [text, text]));
  });

  it("is not another call's: enterWith() in an async handler", async () => {
    lab = await startLab({ controllers: [LabController] });
    const answers = await Promise.all(names.map((text) => lab.stream('Sum', [{ text }, { text }, { text }])));
    expect(answers.flat().map(({ text }) => text)).toEqual(names);
  });
});
