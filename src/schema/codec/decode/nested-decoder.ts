import type protobuf from 'protobufjs';
import type { LoaderOptions } from '../../sources/loader-options.js';
import type { MessageObject } from '../message-object.js';
import type { ProtobufReader } from '../../../protocol/wire/protobuf-reader.js';

/**
 * Reads the messages of one type where they stand within others: up to `reader.end`, or up to an end tag.
 * What `merge` and `readGroup` get as the earlier message is one of the same field, with which the new one is merged.
 */
export interface NestedDecoder {
  read(reader: ProtobufReader): MessageObject;
  merge(reader: ProtobufReader, earlier: MessageObject): MessageObject;
  readGroup(reader: ProtobufReader, endTag: number, earlier: MessageObject | undefined): MessageObject;
  /** A message of which nothing was sent. */
  empty(reader: ProtobufReader): MessageObject;
  /** The path of a required field that a message, read to its end, lacks (`items[0].name`); undefined for none. */
  missing(message: MessageObject): string | undefined;
}

/** Gives the decoder of a type that a field refers to. */
export interface DecoderRegistry {
  readonly options: LoaderOptions;
  decoder(type: protobuf.Type): NestedDecoder;
}
