import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { serve, type RawServer } from '../../src/protocol/server/serve.js';
import { TtrpcError } from '../../src/protocol/core/errors.js';
import type { RawMethod } from '../../src/protocol/server/raw-handler.js';

const PROTO = `
syntax = "proto3";
package demo.v1;
service Greeter {
  rpc SayHello(HelloRequest) returns (HelloReply);
  rpc Forever(HelloRequest) returns (stream HelloReply);
}
message HelloRequest {
  string first_name = 1;
  Mood mood = 2;
  repeated Friend friends = 3;
  map<string, int64> ages = 4;
  oneof title { string doctor = 5; string sir = 6; }
  bytes photo = 7;
  uint32 count = 8;
}
message Friend { string name = 1; }
message HelloReply { string message = 1; int64 number = 2; repeated string seen = 3; }
enum Mood { CALM = 0; HAPPY = 1; }
`;

function greeterRoot(): protobuf.Root {
  const { root } = protobuf.parse(PROTO, { keepCase: false });
  root.resolveAll();
  return root;
}

/** A FileDescriptorProto. */
function greeterFile(root: protobuf.Root): Uint8Array {
  const set = (root as unknown as { toDescriptor(edition: string): { file: object[] } }).toDescriptor('proto3');
  return descriptor.FileDescriptorProto.encode(
    set.file.find((each) => (each as { package?: string }).package === 'demo.v1') as object,
  ).finish();
}

/** demo.v1.Greeter as a FileDescriptorSet. */
export function greeterSet(): Uint8Array {
  return protobuf.Writer.create().uint32(10).bytes(greeterFile(greeterRoot())).finish();
}

/** A server of demo.v1.Greeter that tells its schema by grpc.reflection.v1, or by v1alpha only. */
export async function serveReflecting(url: string, version: 'v1' | 'v1alpha' = 'v1'): Promise<RawServer> {
  const root = greeterRoot();
  const file = greeterFile(root);
  const request = root.lookupType('demo.v1.HelloRequest');
  const reply = root.lookupType('demo.v1.HelloReply');
  const greeter: Record<string, RawMethod> = {
    SayHello: {
      shape: 'unary',
      handle: (bytes: Uint8Array, { metadata }: { metadata: { entries(): Iterable<[string, string]> } }) => {
        const { firstName, count } = request.decode(bytes) as unknown as { firstName: string; count: number };
        if (firstName === '') throw new TtrpcError(3, 'a name is needed');
        if (firstName === 'detail') {
          const value = root.lookupType('demo.v1.Friend').encode({ name: 'Bob' }).finish();
          const details = [{ typeUrl: 'type.googleapis.com/demo.v1.Friend', value }];
          throw new TtrpcError(3, 'with a detail', { details });
        }
        const seen = [...metadata.entries()].map(([key, value]) => `${key}=${value}`);
        return reply.encode({ message: `Hello ${firstName}`, number: count, seen }).finish();
      },
    } as unknown as RawMethod,
    Forever: {
      shape: 'server-streaming',
      handle: async function* (_request: unknown, { signal }: { signal: AbortSignal }) {
        yield reply.encode({ message: 'still here' }).finish();
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      },
    } as unknown as RawMethod,
  };
  return serve(url, {
    'demo.v1.Greeter': greeter,
    [`grpc.reflection.${version}.ServerReflection`]: {
      ServerReflectionInfo: {
        shape: 'bidi',
        handle: async function* (questions: AsyncIterable<Uint8Array>) {
          for await (const question of questions) yield answer(question, file, root);
        },
      },
    },
  } as never);
}

/** By hand, so that the command's own messages are not tested with themselves: tags of reflection.proto. */
function answer(question: Uint8Array, file: Uint8Array, root: protobuf.Root): Uint8Array {
  const reader = protobuf.Reader.create(question);
  const tag = reader.uint32();
  const text = reader.string();
  const writer = protobuf.Writer.create();
  if (tag >>> 3 === 7) {
    const names = ['demo.v1.Greeter'].map((name) => protobuf.Writer.create().uint32(10).string(name).finish());
    const list = protobuf.Writer.create();
    for (const name of names) list.uint32(10).bytes(name);
    return writer
      .uint32((6 << 3) | 2)
      .bytes(list.finish())
      .finish();
  }
  if (tag >>> 3 === 4 && root.lookup(`.${text}`) !== null) {
    return writer
      .uint32((4 << 3) | 2)
      .bytes(protobuf.Writer.create().uint32(10).bytes(file).finish())
      .finish();
  }
  const failure = protobuf.Writer.create().uint32(8).int32(5).uint32(18).string(`no ${text}`).finish();
  return writer
    .uint32((7 << 3) | 2)
    .bytes(failure)
    .finish();
}
