import protobuf from 'protobufjs';
import { Conversation } from '../../src/cli/tap/conversation.js';
import { jsonLineOf } from '../../src/cli/tap/event-json.js';
import { textOf } from '../../src/cli/tap/event-text.js';
import type { TapEvent } from '../../src/cli/tap/events.js';
import { SeenBytes, type Side } from '../../src/cli/tap/frame.js';
import { KnownMethods } from '../../src/cli/tap/known-methods.js';
import { CommandSchema } from '../../src/cli/schema/command-schema.js';

/** What a tap says of bytes, without its sockets. */
export class TapLines {
  readonly events: TapEvent[] = [];
  readonly #schema = new CommandSchema(new protobuf.Root());
  readonly #conversation = new Conversation({ connection: 1 }, 'client', {
    methods: new KnownMethods([this.#schema]),
    detailToJson: (detail) => this.#schema.detailToJson(detail),
    emit: (event) => this.events.push(event),
    now: () => 0,
  });
  readonly #sides: Record<Side, SeenBytes>;

  /** `isMux`: the bytes are those of NRI's mux. */
  constructor(isMux = false) {
    const watcher = {
      onFrame: (frame: Parameters<Conversation['push']>[0]) => this.#conversation.push(frame),
      onNote: ({ text, from }: { text: string; from: Side }) =>
        void this.events.push({ connection: 1, event: 'note', from, text }),
    };
    this.#sides = {
      client: new SeenBytes(1, 'client', isMux, watcher),
      server: new SeenBytes(1, 'server', isMux, watcher),
    };
  }

  client(...bytes: Uint8Array[]): this {
    for (const each of bytes) this.#sides.client.push(each);
    return this;
  }

  server(...bytes: Uint8Array[]): this {
    for (const each of bytes) this.#sides.server.push(each);
    return this;
  }

  /** The lines for people, without their times and the connection's number. */
  text(): string[] {
    const out = { isTTY: false } as NodeJS.WriteStream;
    return this.events.map((event) => textOf(event, new Date(0), out).slice('00:00:00.000 1'.length).trimStart());
  }

  json(): string[] {
    return this.events.map((event) => jsonLineOf(event, new Date(0)));
  }
}
