import { readFileSync } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { JsonMismatch } from '../json/from-json.js';
import { JsonTexts, NO_REQUEST } from '../json/json-texts.js';
import { parsedJson } from '../json/parsed-json.js';
import type { CommandMethod, CommandSchema } from '../schema/command-schema.js';
import { reasonOf } from '../schema/source-flags.js';
import { standardInput } from '../standard-input.js';
import { ToolError } from '../tool-error.js';
import { Template } from './template.js';

/** Encoded requests: made once where they are all the same, else for each call. */
export class BenchRequests {
  readonly #templates: readonly Template[];
  readonly #encoded: readonly (Uint8Array | undefined)[];

  private constructor(
    private readonly schema: CommandSchema,
    private readonly method: CommandMethod,
    texts: readonly string[],
  ) {
    this.#templates = texts.map((each) => new Template(each));
    // All are made once, so that what does not fit is known before the first call.
    this.#encoded = this.#templates.map((template, at) => {
      const bytes = this.#encode(template, at, 0);
      return template.isConstant ? bytes : undefined;
    });
  }

  /** Reads `data`, the value of `-d`, until `signal` aborts. @throws ToolError for what cannot be read or does not fit */
  static async read(
    schema: CommandSchema,
    method: CommandMethod,
    data: string | undefined,
    signal: AbortSignal,
  ): Promise<BenchRequests> {
    const source = await readData(data, signal);
    const cutter = new JsonTexts();
    const texts = [...cutter.push(source), ...cutter.end()].map((each) => each.text);
    const { rest } = cutter;
    if (rest) throw new ToolError(`-d ends in the middle of the request that begins on line ${rest.line}`);
    if (texts.length === 0 && data?.startsWith('@')) throw new ToolError(NO_REQUEST);
    return schema.complete(() => new BenchRequests(schema, method, texts.length === 0 ? ['{}'] : texts));
  }

  /** The request of call `number`, of a method that takes one: they are used in turn. */
  one(number: number): Uint8Array {
    const at = number % this.#templates.length;
    return this.#encoded[at] ?? this.#encode(this.#templates[at] as Template, at, number);
  }

  /** All requests of call `number`, of a method that takes a stream. */
  all(number: number): Uint8Array[] {
    return this.#templates.map((template, at) => this.#encoded[at] ?? this.#encode(template, at, number));
  }

  #encode(template: Template, at: number, number: number): Uint8Array {
    const json = template.textFor(number);
    try {
      return this.schema.fromJson(this.method.request, parsedJson(json));
    } catch (error) {
      const { message } = error as { message: string };
      const which = this.#templates.length === 1 ? 'request' : `request ${at + 1}`;
      const what = error instanceof JsonMismatch ? message : message.replace(/\s+/g, ' ');
      throw new ToolError(`${which}: ${what}`, { cause: error });
    }
  }
}

async function readData(data: string | undefined, signal: AbortSignal): Promise<Buffer> {
  if (!data?.startsWith('@')) return Buffer.from(data ?? '');
  const file = data.slice(1);
  try {
    return file === '' ? await buffer(addAbortSignal(signal, standardInput())) : readFileSync(file);
  } catch (error) {
    throw new ToolError(`${file === '' ? 'standard input' : file}: ${reasonOf(error)}`);
  }
}
