import { loadSync, type MessageTypeDefinition, type Options } from '@grpc/proto-loader';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import protobuf from 'protobufjs';
import type { MessageCodec } from '../../../src/protocol/wire/message-codec.js';
import {
  loadSchema,
  type LoaderOptions,
  type MethodDescriptor,
  type Schema,
  type SchemaOptions,
} from '../../../src/schema/index.js';
import { withoutZeros } from './without-zeros.js';

/** A temporary folder with .proto files in it. */
export class ProtoFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'schema-'));

  constructor(files: Record<string, string>) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): string {
    const file = this.at(name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  at(name: string): string {
    return join(this.path, name);
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}

/** Runs `test` with a folder of files that is removed afterwards. */
export function withProtos<T>(files: Record<string, string>, test: (folder: ProtoFolder) => T): T {
  const folder = new ProtoFolder(files);
  try {
    return test(folder);
  } finally {
    folder.remove();
  }
}

/** The schema of one file's text. */
export function schemaOf(text: string, options: Omit<SchemaOptions, 'protoPath'> = {}): Schema {
  return withProtos({ 'test.proto': text }, (folder) => loadSchema({ ...options, protoPath: folder.at('test.proto') }));
}

/** The codec of a type that must be there. */
export function codecOf(schema: Schema, typeName: string): Required<MessageCodec> {
  const codec = schema.findType(typeName);
  if (!codec) throw new Error(`no type ${typeName}`);
  return codec as Required<MessageCodec>;
}

/** The rpc `Service.Method`, which must be there. */
export function methodOf(schema: Schema, name: string): MethodDescriptor {
  const [service = '', rpc = ''] = name.split('.');
  const method = schema.resolve(service).methods[rpc];
  if (!method) throw new Error(`no rpc ${name}`);
  return method;
}

/** What ours and `@grpc/proto-loader` make of one message type. */
export interface Pair {
  ours: MessageCodec;
  /** `serialize` without the zeros that proto-loader writes in fields without presence. */
  theirs: { serialize(value: object): Buffer; deserialize(bytes: Buffer): object };
}

/** Both codecs of a message type of one file's text, with the same options. */
export function pairOf(text: string, typeName: string, loader: LoaderOptions = {}): Pair {
  return withProtos({ 'test.proto': text }, (folder) => {
    const ours = codecOf(
      loadSchema({ protoPath: folder.at('test.proto'), loader, unknownProperties: 'ignore' }),
      typeName,
    );
    const definition = loadSync(folder.at('test.proto'), loader as Options)[typeName];
    if (!definition) throw new Error(`no type ${typeName}`);
    const { serialize, deserialize } = definition as MessageTypeDefinition<object, object>;
    const root = new protobuf.Root().loadSync(folder.at('test.proto'));
    root.resolveAll();
    const type = root.lookupType(typeName);
    return { ours, theirs: { serialize: (value) => withoutZeros(type, serialize(value)), deserialize } };
  });
}

/** The error that `run` raises; fails when there is none. */
export function errorOf<E = Error>(run: () => unknown): E {
  try {
    run();
  } catch (error) {
    return error as E;
  }
  throw new Error('expected an error');
}

/** Bytes: a number per hex pair (`08 96 01`), and bytes as they are, one after the other. */
export function hex(...parts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part.replace(/\s+/g, ''), 'hex') : part)),
  );
}
