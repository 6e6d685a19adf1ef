import { describe, expect, it } from '@jest/globals';
import { Get, Injectable, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { NestFactory, Reflector } from '@nestjs/core';
import { GrpcMethod, Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { TtrpcMethod, TtrpcService } from 'nestjs-ttrpc';
import { bytes, handlerOf, moduleOf, SEAM, SeamLab, text } from './lab.js';
import * as keys from './metadata-keys.js';

const lab = new SeamLab();

describe('the twin of a handler that serves another transport, too', () => {
  const roles: unknown[] = [];

  @Injectable()
  class Guard implements CanActivate {
    constructor(private readonly reflector: Reflector) {}

    canActivate(context: ExecutionContext): boolean {
      roles.push(this.reflector.get('roles', context.getHandler()), context.getHandler().name);
      return true;
    }
  }

  it('has the enhancers and the metadata of the handler, and leaves that as it is', async () => {
    @TtrpcService(SEAM)
    class Both {
      @UseGuards(Guard)
      @GrpcMethod('Seam', 'Ask')
      @TtrpcMethod()
      ask(request: Uint8Array): Uint8Array {
        return bytes(`${this.constructor.name} ${text(request)}`);
      }
    }
    Reflect.defineMetadata('roles', ['reader'], handlerOf(Both, 'ask'));
    await lab.start(Both);
    expect(await lab.ask('hi')).toBe('Both hi');
    expect(roles).toEqual([['reader'], 'ask']);
    expect(Reflect.getMetadata(keys.TRANSPORT, handlerOf(Both, 'ask'))).toBe(Transport.GRPC);
    expect(Reflect.getMetadata(keys.PATTERN, handlerOf(Both, 'ask'))).toEqual([
      expect.objectContaining({ service: 'Seam', rpc: 'Ask' }),
    ]);
  });

  it('leaves an HTTP route to the handler', async () => {
    @TtrpcService(SEAM)
    class Routed {
      @Get('asked')
      @GrpcMethod('Seam', 'Ask')
      @TtrpcMethod()
      ask(): Uint8Array {
        return bytes('asked');
      }
    }
    const routes: string[] = [];
    const note = (message: unknown): void => {
      if (String(message).startsWith('Mapped {')) routes.push(String(message));
    };
    const quiet = (): void => undefined;
    const hybrid = await NestFactory.create(moduleOf(Routed), { logger: { log: note, warn: quiet, error: quiet } });
    lab.app = hybrid;
    hybrid.connectMicroservice<MicroserviceOptions>({ strategy: lab.newServer() });
    await hybrid.startAllMicroservices();
    await hybrid.init();
    expect(await lab.ask('hi')).toBe('asked');
    expect(routes).toEqual([expect.stringMatching(/^Mapped \{\/asked, GET\}/)]);
  });
});
