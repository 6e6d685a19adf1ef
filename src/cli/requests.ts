import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type protobuf from 'protobufjs';
import { JsonMismatch } from './json/json-mismatch.js';
import { JsonTexts, type JsonText } from './json/json-texts.js';
import { parsedJson } from './json/parsed-json.js';
import type { CommandSchema } from './schema/command-schema.js';
import { reasonOf } from './schema/source-flags.js';
import { standardInput } from './standard-input.js';
import { ToolError } from './tool-error.js';

/** The requests of a command: from `-d`, from a file or from standard input, encoded as they come. */
export class Requests {
  #stream: Readable | undefined;

  /** `data` is what `-d` says; undefined means one empty request. */
  constructor(
    private readonly schema: CommandSchema,
    private readonly type: protobuf.Type,
    private readonly data: string | undefined,
  ) {}

  /** Each request once. @throws ToolError saying which one does not fit, and where */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    let number = 0;
    for await (const text of this.#texts()) yield await this.#encode(text, ++number);
  }

  /** Stops reading standard input or the file. */
  stop(): void {
    this.#stream?.destroy();
  }

  /** The name of where they come from. */
  get #source(): string {
    const { data } = this;
    if (data === '@') return 'standard input';
    return data?.startsWith('@') ? data.slice(1) : '-d';
  }

  async *#texts(): AsyncGenerator<JsonText, void> {
    const texts = new JsonTexts();
    if (this.data?.startsWith('@')) {
      const stream = this.data === '@' ? standardInput() : createReadStream(this.data.slice(1));
      this.#stream = stream;
      try {
        for await (const chunk of stream) yield* texts.push(chunk as Buffer);
      } catch (error) {
        if ((error as { code?: string }).code === 'ERR_STREAM_PREMATURE_CLOSE') return;
        throw new ToolError(`${this.#source}: ${reasonOf(error)}`);
      }
    } else {
      yield* texts.push(Buffer.from(this.data ?? ''));
    }
    yield* texts.end();
    const { rest } = texts;
    if (rest) {
      throw new ToolError(`${this.#source} ends in the middle of the request that begins on line ${rest.line}`);
    }
  }

  async #encode({ text, line }: JsonText, number: number): Promise<Uint8Array> {
    try {
      const json = parsedJson(text);
      return await this.schema.complete(() => this.schema.fromJson(this.type, json));
    } catch (error) {
      const { message } = error as { message: string };
      const isOnlyOne = number === 1 && !this.data?.startsWith('@');
      const which = isOnlyOne ? 'request' : `request ${number} (${this.#source}, line ${line})`;
      const what = error instanceof JsonMismatch ? message : `${message.replace(/\s+/g, ' ')}`;
      throw new ToolError(`${which}: ${what}`, { cause: error });
    }
  }
}
