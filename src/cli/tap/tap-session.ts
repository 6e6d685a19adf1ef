import type { Duplex } from 'node:stream';
import type { StatusDetail } from '../../protocol/core/status.js';
import { PLUGIN_CONNECTION } from '../../nri/mux.js';
import { Conversation, type ConversationTools } from './conversation.js';
import type { TapEvent } from './events.js';
import { SeenBytes, type FrameWatcher, type SeenFrame, type Side } from './frame.js';
import type { KnownMethods } from './known-methods.js';
import type { Recorder } from './recording.js';
import { relay } from './relay.js';

/** What a tap needs of around. */
export interface TapTools {
  readonly methods: KnownMethods;
  readonly isNri: boolean;
  readonly recorder: Recorder | undefined;
  detailToJson(detail: StatusDetail): unknown;
  show(event: TapEvent): void;
  /** Resolves when the output takes more; undefined when it does already. */
  room(): Promise<void> | undefined;
}

/** One tapped connection: passes its bytes on and shows what they say. */
export class TapSession implements FrameWatcher {
  readonly #conversations = new Map<number | undefined, Conversation>();
  readonly #bytes: Readonly<Record<Side, SeenBytes>>;
  readonly #tools: ConversationTools;

  /** `number` is that of the connection, from 1. */
  constructor(
    private readonly number: number,
    private readonly tools: TapTools,
  ) {
    this.#bytes = {
      client: new SeenBytes(number, 'client', tools.isNri, this),
      server: new SeenBytes(number, 'server', tools.isNri, this),
    };
    this.#tools = {
      methods: tools.methods,
      detailToJson: (detail) => tools.detailToJson(detail),
      emit: (event) => tools.show(event),
      now: () => performance.now(),
    };
  }

  /** Passes bytes between both until they are closed. */
  async run(client: Duplex, server: Duplex): Promise<void> {
    await relay(client, server, {
      onBytes: (from, chunk) => {
        this.#bytes[from].push(chunk);
        return this.#room();
      },
      onEnd: (from) => {
        this.#bytes[from].end();
        this.tools.recorder?.end(this.number, from);
      },
    });
    // One that was reset has not ended.
    for (const side of ['client', 'server'] as const) this.#bytes[side].end();
    for (const conversation of this.#conversations.values()) conversation.end();
  }

  onFrame(frame: SeenFrame): void {
    this.tools.recorder?.frame(frame);
    this.#conversationOf(frame.mux).push(frame);
  }

  onNote({ connection, mux, from, text }: Parameters<FrameWatcher['onNote']>[0]): void {
    this.tools.show({ event: 'note', connection, ...(mux === undefined ? {} : { mux }), from, text });
  }

  #conversationOf(mux: number | undefined): Conversation {
    let conversation = this.#conversations.get(mux);
    if (conversation === undefined) {
      const place = { connection: this.number, ...(mux === undefined ? {} : { mux }) };
      // An NRI plugin connects to its runtime; on the first connection of the mux the runtime calls it.
      conversation = new Conversation(place, mux === PLUGIN_CONNECTION ? 'server' : 'client', this.#tools);
      this.#conversations.set(mux, conversation);
    }
    return conversation;
  }

  #room(): Promise<void> | undefined {
    const waits = [this.tools.room(), this.tools.recorder?.room()].filter((each) => each !== undefined);
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => undefined);
  }
}
