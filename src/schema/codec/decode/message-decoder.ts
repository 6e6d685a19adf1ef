import type protobuf from 'protobufjs';
import { fieldReaders, readInPlace, type FieldReader } from './field-readers.js';
import type { MessageObject } from '../message-object.js';
import type { DecoderRegistry, NestedDecoder } from './nested-decoder.js';
import { messageMaker, SLOT_BYTES, type MessageMaker } from './message-maker.js';
import { fieldsInOrder, isMessageSet, messageTypeOf, nameOf } from '../reflection.js';
import { keepUnknownField } from '../unknown-fields.js';
import { BOOK_BYTES, MalformedMessage, type ProtobufReader } from '../../../protocol/wire/protobuf-reader.js';

/** Changes a decoded message of a well-known type: an Any into the message that it holds. */
export type Finish = (message: MessageObject, reader: ProtobufReader) => MessageObject;

/** Tags up to this one (field 127) are looked up in an array, those above in a Map. */
const MAX_ARRAY_TAG = 0x3ff;

/** What a field adds to its message, apart from its value: a property's place, with what V8 keeps free. */
const FIELD_BYTES = 2 * SLOT_BYTES;

/** What keeps the unknown fields of one message, apart from their bytes. */
const UNKNOWN_BYTES = 256;

/** MessageSet, the wire format of proto1: `repeated group Item = 1 { int32 type_id = 2; bytes message = 3; }`. */
const ITEM_START = 0x0b;
const ITEM_END = 0x0c;
const ITEM_TYPE = 0x10;
const ITEM_MESSAGE = 0x1a;

/**
 * Reads messages of one type into plain objects in one pass: what `@grpc/proto-loader` makes of them with the same
 * options, and the fields that the schema does not know beside it. A type is looked at when its first message comes, a
 * field when it comes for the first time: a large type reaches hundreds of others of which few are ever sent.
 */
export class MessageDecoder implements NestedDecoder {
  readonly typeName: string;
  readonly #byTag: (FieldReader | undefined)[] = [];
  readonly #byHighTag = new Map<number, FieldReader>();
  /** The fields that have not come yet, by number. */
  readonly #unread = new Map<number, protobuf.Field>();
  readonly #required: string[] = [];
  readonly #finish: Finish | undefined;
  #type: protobuf.Type | undefined;
  #registry: DecoderRegistry | undefined;
  #maker: MessageMaker | undefined;
  /** In a MessageSet: its extensions by number. */
  #items: ReadonlyMap<number, protobuf.Field> | undefined;

  constructor(type: protobuf.Type, finish?: Finish) {
    this.typeName = nameOf(type);
    this.#finish = finish;
  }

  /** Says whose messages are read. Apart from the constructor, since types refer to each other in circles. */
  compile(type: protobuf.Type, registry: DecoderRegistry): void {
    this.#type = type;
    this.#registry = registry;
  }

  /** Reads what is left up to `reader.end`. */
  read(reader: ProtobufReader): MessageObject {
    return this.#complete(reader, this.#fields(reader, this.#create(reader), 0));
  }

  /** A message of which nothing was sent. */
  empty(reader: ProtobufReader): MessageObject {
    return this.#create(reader);
  }

  /** Reads what is left up to `reader.end` into `message`, which came earlier: a field that was sent twice is merged. */
  merge(reader: ProtobufReader, message: MessageObject): MessageObject {
    return this.#complete(reader, this.#fields(reader, message, 0));
  }

  /** Reads a group, up to its end tag, into the one that came earlier if there is one. */
  readGroup(reader: ProtobufReader, endTag: number, earlier: MessageObject | undefined): MessageObject {
    return this.#complete(reader, this.#fields(reader, earlier ?? this.#create(reader), endTag));
  }

  #create(reader: ProtobufReader): MessageObject {
    const maker = (this.#maker ??= this.#prepare());
    reader.made += maker.bytes;
    return maker.make();
  }

  #prepare(): MessageMaker {
    // Set by `compile`, before anything is read.
    const type = this.#type as protobuf.Type;
    const { options } = this.#registry as DecoderRegistry;
    const fields = fieldsInOrder(type);
    for (const field of fields) {
      this.#unread.set(field.id, field);
      if (field.required) this.#required.push(field.name);
    }
    if (isMessageSet(type)) this.#items = new Map(this.#unread);
    return messageMaker(fields, options);
  }

  #fields(reader: ProtobufReader, message: MessageObject, endTag: number): MessageObject {
    const byTag = this.#byTag;
    while (reader.pos < reader.end) {
      const start = reader.pos;
      const tag = reader.tag();
      const read = tag <= MAX_ARRAY_TAG ? byTag[tag] : this.#byHighTag.get(tag);
      if (read !== undefined) read(reader, message);
      else if (tag === endTag) return message;
      else this.#other(reader, message, tag, start);
      if ((reader.made += FIELD_BYTES) > BOOK_BYTES) reader.book();
    }
    if (endTag !== 0) throw new MalformedMessage('a group does not end');
    return message;
  }

  /** Reads a field that comes for the first time, or one that the schema does not know; its tag begins at `start`. */
  #other(reader: ProtobufReader, message: MessageObject, tag: number, start: number): void {
    const field = this.#unread.get(tag >>> 3);
    if (field !== undefined) {
      this.#unread.delete(field.id);
      for (const [wire, read] of fieldReaders(field, this.#registry as DecoderRegistry)) {
        const known = ((field.id << 3) | wire) >>> 0;
        if (known > MAX_ARRAY_TAG) this.#byHighTag.set(known, read);
        else this.#byTag[known] = read;
      }
      const read = tag > MAX_ARRAY_TAG ? this.#byHighTag.get(tag) : this.#byTag[tag];
      if (read !== undefined) {
        read(reader, message);
        return;
      }
    }
    if (tag === ITEM_START && this.#items !== undefined) {
      if (this.#readItem(reader, message, this.#items)) return;
    } else reader.skip(tag);
    reader.made += UNKNOWN_BYTES;
    keepUnknownField(message, reader.buf, start, reader.pos);
  }

  /** Reads an item of a MessageSet; false when the schema has no such extension. */
  #readItem(reader: ProtobufReader, message: MessageObject, items: ReadonlyMap<number, protobuf.Field>): boolean {
    let id = 0;
    let from = reader.pos;
    let stop = from;
    reader.enter();
    for (let tag = reader.tag(); tag !== ITEM_END; tag = reader.tag()) {
      if (tag === ITEM_TYPE) id = reader.uint32();
      else if (tag === ITEM_MESSAGE) {
        // The type may come behind the message.
        stop = reader.length();
        from = reader.pos;
        reader.pos = stop;
      } else reader.skip(tag);
    }
    const field = items.get(id);
    const type = field && messageTypeOf(field);
    if (field !== undefined && type) {
      const { pos } = reader;
      reader.pos = from;
      const earlier = Object.hasOwn(message, field.name) ? (message[field.name] as MessageObject | null) : undefined;
      const decoder = (this.#registry as DecoderRegistry).decoder(type);
      message[field.name] = readInPlace(reader, decoder, stop, earlier ?? undefined);
      reader.pos = pos;
    }
    reader.leave();
    return type !== undefined;
  }

  missing(message: MessageObject): string | undefined {
    // What an Any held was checked when it was opened.
    if (this.#finish !== undefined) return undefined;
    const own = this.#required.find((name) => !Object.hasOwn(message, name));
    return own ?? missingWithin(message, (this.#type as protobuf.Type).fieldsArray, this.#registry as DecoderRegistry);
  }

  #complete(reader: ProtobufReader, message: MessageObject): MessageObject {
    // More of the message may come: it is checked when all of it is there.
    if (this.#required.length > 0 && !this.#required.every((name) => Object.hasOwn(message, name))) {
      reader.isIncomplete = true;
    }
    return this.#finish === undefined ? message : this.#finish(message, reader);
  }
}

/** The path of a required field that a message in one of `fields` lacks. */
function missingWithin(
  message: MessageObject,
  fields: readonly protobuf.Field[],
  registry: DecoderRegistry,
): string | undefined {
  for (const field of fields) {
    const type = messageTypeOf(field);
    if (!type || !Object.hasOwn(message, field.name)) continue;
    const value = message[field.name];
    if (value === undefined || value === null) continue;
    const decoder = registry.decoder(type);
    const isMany = field.repeated || field.map;
    const entries: [string, unknown][] = isMany
      ? Object.entries(value).map(([key, item]) => [`${field.name}[${key}]`, item])
      : [[field.name, value]];
    for (const [path, item] of entries) {
      const missing = decoder.missing(item as MessageObject);
      if (missing !== undefined) return `${path}.${missing}`;
    }
  }
  return undefined;
}
