import protobuf from 'protobufjs';
import { descriptor as containerd } from '../../containerd/generated/descriptor.js';
import { descriptor as nri } from '../../nri/generated/descriptor.js';
import { connect } from '../../protocol/client/connect.js';
import type { StatusDetail } from '../../protocol/core/status.js';
import { typeNameOf } from '../../schema/codec/well-known-types.js';
import type { Arguments, FlagSpec } from '../command.js';
import { CONNECTION_FLAGS, dialAddress } from '../connection.js';
import { printError } from '../output.js';
import { plainText } from '../plain-text.js';
import { CommandSchema } from '../schema/command-schema.js';
import { reflect, saysNoReflection } from '../schema/reflection-client.js';
import { SCHEMA_FLAGS, schemaOfFlags } from '../schema/source-flags.js';
import { ToolError } from '../tool-error.js';
import { KnownMethods } from './known-methods.js';
import { unknownFieldsInPacked } from './unknown-fields.js';

/** How long a server may take to tell its schema before the first connection is let through, in ms. */
const REFLECTION_MS = 2000;

/** The flags that say what is at the other end: its schema, and how it is reached. */
export const TARGET_FLAGS = {
  'no-reflection': { type: 'boolean', help: 'do not ask the server for its schema' },
  ...SCHEMA_FLAGS,
  'connect-timeout': CONNECTION_FLAGS['connect-timeout'],
  'hybrid-vsock': CONNECTION_FLAGS['hybrid-vsock'],
} as const satisfies Record<string, FlagSpec>;

/** What a tap knows of the services behind it. */
export class TapSchema {
  readonly methods: KnownMethods;
  #schemas: CommandSchema[];
  #reflects: boolean;
  #asking: Promise<void> | undefined;

  /** `mayReflect` says whether the server at `address` may be asked. @throws ToolError for a schema that cannot be used */
  constructor(
    private readonly address: string,
    private readonly args: Arguments,
    mayReflect: boolean,
  ) {
    const own = schemaOfFlags(args);
    const builtIn = [containerd, nri].map((each) => new CommandSchema(protobuf.Root.fromJSON(each)));
    this.#schemas = [...(own ? [own] : []), ...builtIn];
    this.methods = new KnownMethods(this.#schemas);
    this.#reflects = mayReflect && own === undefined && args.count('no-reflection') === 0;
  }

  /**
   * Asks the server for its schema, unless it is known or the server has none to tell; tried again where the server could
   * not be reached. `signal` gives up.
   */
  ask(signal?: AbortSignal): Promise<void> {
    if (!this.#reflects) return Promise.resolve();
    return (this.#asking ??= this.#ask(signal).finally(() => (this.#asking = undefined)));
  }

  /** A detail of a status, by the first schema that has its type. */
  detailToJson(detail: StatusDetail): unknown {
    return this.#schemaOf(detail).detailToJson(detail);
  }

  /** As {@link detailToJson}, with the fields that the schema does not have, by their paths. */
  wholeDetailToJson(detail: StatusDetail): unknown {
    const schema = this.#schemaOf(detail);
    const json = schema.detailToJson(detail) as object;
    return { ...json, ...Object.fromEntries(unknownFieldsInPacked(detail.typeUrl, detail.value, schema)) };
  }

  #schemaOf({ typeUrl }: StatusDetail): CommandSchema {
    const name = typeNameOf(typeUrl);
    // There are those that are built in, at least.
    return this.#schemas.find((each) => each.find(name)) ?? (this.#schemas[0] as CommandSchema);
  }

  async #ask(signal: AbortSignal | undefined): Promise<void> {
    let socket;
    try {
      socket = await dialAddress(this.address, this.args, false, { signal });
    } catch {
      return;
    }
    this.#reflects = false;
    const client = await connect(socket);
    try {
      const schema = await reflect(client, undefined, { timeoutMs: REFLECTION_MS, signal });
      this.#schemas = [...this.#schemas, schema];
      this.methods.add(schema);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      // Without a schema messages are shown by guess: with a word where it is not what was meant.
      if (signal?.aborted || saysNoReflection(error)) return;
      void printError(`ttrpc: ${plainText(error.message)}: messages that are not known otherwise are guessed\n`);
    } finally {
      client.close();
      socket.destroy();
    }
  }
}
