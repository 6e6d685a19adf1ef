import { TtrpcServer, type TtrpcClientOptions } from 'nestjs-ttrpc';
import type { RawClient } from 'nestjs-ttrpc/protocol';

// What the compiler must refuse. Types that came as `any` would let it through, and then the comments are errors.

// @ts-expect-error a URL is a string
export const server = (): TtrpcServer => new TtrpcServer({ url: 5, protoPath: 'greeter.proto' });

// @ts-expect-error a time is a number
export const options: TtrpcClientOptions = { url: 'unix:///tmp/x', protoPath: 'greeter.proto', timeoutMs: 'soon' };

// @ts-expect-error a message is bytes
export const call = (client: RawClient): Promise<Uint8Array> => client.call('demo.v1.Echo', 'Once', 'text');
