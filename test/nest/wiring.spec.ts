import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Logger, type INestMicroservice, type Type } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { bytesCodec, connectRaw, type ServiceDescriptor } from './wiring-support.js';
import { TtrpcMethod, TtrpcServer, TtrpcService, TtrpcStatus, type TtrpcServerOptions } from '../../src/index.js';
import { createLabApp, LAB_PROTO, type Message } from '../support/nest-lab.js';
import { TempFolder } from '../support/temp-folder.js';

let folder: TempFolder;
const apps: INestMicroservice[] = [];

beforeEach(() => {
  folder = new TempFolder();
});

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  expect(folder.list()).toEqual([]);
  folder.remove();
});

async function listen(
  controllers: Type[],
  options: Partial<TtrpcServerOptions> = {},
  warnings?: string[],
): Promise<INestMicroservice> {
  const server = new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO, ...options });
  const app = await createLabApp(server, { controllers });
  apps.push(app);
  if (warnings) Logger.overrideLogger({ log() {}, error() {}, warn: (text: string) => warnings.push(text) });
  await app.listen();
  return app;
}

@TtrpcService('Lab')
class Short {
  @TtrpcMethod() ask(request: Message): Message {
    return request;
  }
}

describe('errors from listen()', () => {
  it('an unknown service, with what was meant', async () => {
    @TtrpcService('lab.v1.Lap')
    class Misspelt {
      @TtrpcMethod() ask(request: Message): Message {
        return request;
      }
    }
    await expect(listen([Misspelt])).rejects.toThrow(/Misspelt\.ask: .*lab\.v1\.Lap.*Did you mean 'lab\.v1\.Lab'\?/s);
  });

  it('an unknown rpc, with what was meant', async () => {
    @TtrpcService('lab.v1.Lab')
    class Misspelt {
      @TtrpcMethod() aks(request: Message): Message {
        return request;
      }
    }
    await expect(listen([Misspelt])).rejects.toThrow(
      "Misspelt.aks: service lab.v1.Lab has no rpc Aks; it has Ask, Count, Sum, Chat, Forget. Did you mean 'Ask'?",
    );
  });

  it("names of Object's members are no rpcs", async () => {
    @TtrpcService('lab.v1.Lab')
    class Tricky {
      @TtrpcMethod('constructor') ask(request: Message): Message {
        return request;
      }
    }
    await expect(listen([Tricky])).rejects.toThrow(/has no rpc constructor/);
  });

  it('two handlers for one rpc', async () => {
    @Controller()
    class Second {
      @TtrpcMethod('lab.v1.Lab', 'Ask') second(request: Message): Message {
        return request;
      }
    }
    await expect(listen([Short, Second])).rejects.toThrow(
      'two handlers serve lab.v1.Lab/Ask: Short.ask and Second.second; one rpc has one handler',
    );
  });

  it('an rpc without a handler, if strict', async () => {
    await expect(listen([Short], { services: ['Lab'], strict: true })).rejects.toThrow(
      'no handler for lab.v1.Lab/Count, lab.v1.Lab/Sum, lab.v1.Lab/Chat, lab.v1.Lab/Forget; a strict server has one for each rpc',
    );
  });

  it('a .proto that does not exist', async () => {
    await expect(listen([Short], { protoPath: '/nowhere/x.proto' })).rejects.toThrow(/\/nowhere\/x\.proto/);
  });

  it('a service that `services` leaves out', async () => {
    await expect(listen([Short], { services: ['Other'] })).rejects.toThrow(
      'Short.ask: service lab.v1.Lab is not among the `services` of this server',
    );
  });
});

it('@TtrpcMethod on what is no method', () => {
  expect(() => {
    class Wrong {
      @TtrpcMethod() static ask(): void {
        // A static method has no instance to run on.
      }
    }
    return Wrong;
  }).toThrow('@TtrpcMethod() on ask');
});

describe('what is served', () => {
  it('a missing handler is a warning without strict, and UNIMPLEMENTED', async () => {
    const warnings: string[] = [];
    try {
      await listen([Short], { services: ['Lab'] }, warnings);
    } finally {
      Logger.overrideLogger(false);
    }
    expect(warnings).toContain(
      'no handler for lab.v1.Lab/Count, lab.v1.Lab/Sum, lab.v1.Lab/Chat, lab.v1.Lab/Forget: calls are answered UNIMPLEMENTED',
    );
    const client = await connectRaw(folder.url());
    await expect(client.call('lab.v1.Lab', 'Count', new Uint8Array(0))).rejects.toMatchObject({
      message: 'method Count',
    });
    client.close();
  });

  it('handlers of other transports and events are ignored', async () => {
    @Controller()
    class Others {
      @MessagePattern('ask') ask(): string {
        return 'no ttrpc';
      }
      @EventPattern('asked') asked(_event: unknown): void {
        // Nothing.
      }
    }
    const warnings: string[] = [];
    try {
      await listen([Short, Others], { services: ['Lab'] }, warnings);
    } finally {
      Logger.overrideLogger(false);
    }
    expect(warnings.filter((line) => line.includes('Others'))).toEqual([]);
    const client = await connectRaw(folder.url());
    const hi = Buffer.from([10, 2, 104, 105]);
    expect(Buffer.from(await client.call('lab.v1.Lab', 'Ask', hi)).toString()).toContain('hi');
    await expect(client.call('lab.v1.Lab', 'ask', hi)).rejects.toMatchObject({ code: TtrpcStatus.UNIMPLEMENTED });
    client.close();
  });

  it('a service given by its descriptor, without a schema', async () => {
    const descriptor: ServiceDescriptor = {
      name: 'raw.v1.Echo',
      methods: { Echo: { name: 'Echo', shape: 'unary', request: bytesCodec, response: bytesCodec } },
    };
    @TtrpcService(descriptor)
    class Echo {
      @TtrpcMethod() echo(bytes: Uint8Array): Uint8Array {
        return bytes;
      }
    }
    await listen([Echo], { protoPath: undefined });
    const client = await connectRaw(folder.url());
    expect(Buffer.from(await client.call('raw.v1.Echo', 'Echo', Buffer.from('hi'))).toString()).toBe('hi');
    client.close();
  });

  it('an inherited handler serves each class that inherits it', async () => {
    abstract class Base {
      abstract readonly who: string;
      @TtrpcMethod() ask(request: Message): Message {
        return { text: `${this.who} ${request.text}` };
      }
    }
    @TtrpcService('lab.v1.Lab')
    class Lab extends Base {
      readonly who = 'lab';
    }
    @TtrpcService('lab.v1.Other')
    class Other extends Base {
      readonly who = 'other';
    }
    await listen([Lab, Other]);
    const client = await connectRaw(folder.url());
    const hi = Buffer.from([10, 2, 104, 105]);
    expect(Buffer.from(await client.call('lab.v1.Lab', 'Ask', hi)).toString()).toContain('lab hi');
    expect(Buffer.from(await client.call('lab.v1.Other', 'Ask', hi)).toString()).toContain('other hi');
    client.close();
  });

  it('a method without pipes has no decorated parameters', () => {
    expect(() => {
      class Wrong {
        @TtrpcMethod({ pipes: false })
        ask(@Payload('text') text: string): Message {
          return { text };
        }
      }
      return Wrong;
    }).toThrow('Wrong.ask: `pipes: false` takes the parameters (request, context), without decorators');
  });
});
