import { describe, expect, it } from '@jest/globals';
import { BadRequestException, Get, UseFilters, UsePipes } from '@nestjs/common';
import {
  Ctx,
  EventPattern,
  GrpcMethod,
  GrpcStreamCall,
  GrpcStreamMethod,
  MessagePattern,
  Payload,
  Transport,
} from '@nestjs/microservices';
import { Exclaiming, handlerOf, Rewriting } from './lab.js';
import * as keys from './metadata-keys.js';

describe('the metadata keys', () => {
  class Decorated {
    @MessagePattern('message', Transport.TCP, { extra: 1 })
    message(@Payload() _request: unknown, @Ctx() _context: unknown): void {
      // Only its metadata count.
    }

    @EventPattern('event')
    @UsePipes(Exclaiming)
    @UseFilters(Rewriting)
    event(_event: unknown): void {
      // Only its metadata count.
    }

    @Get('route')
    route(): void {
      // Only its metadata count.
    }
  }
  const on = (key: string, method: keyof Decorated): unknown => Reflect.getMetadata(key, handlerOf(Decorated, method));

  it('are those that Nest writes on a handler', () => {
    expect(on(keys.PATTERN, 'message')).toEqual(['message']);
    expect(on(keys.TRANSPORT, 'message')).toBe(Transport.TCP);
    expect(on(keys.EXTRAS, 'message')).toMatchObject({ extra: 1 });
    expect(on(keys.HANDLER_TYPE, 'message')).not.toBe(keys.EVENT);
    expect(on(keys.HANDLER_TYPE, 'event')).toBe(keys.EVENT);
    expect(on(keys.PIPES, 'event')).toEqual([Exclaiming]);
    expect(on(keys.FILTERS, 'event')).toEqual([Rewriting]);
    expect(on(keys.ROUTE, 'route')).toBe('route');
  });

  it('are those that Nest writes on a class', () => {
    class Enhanced {}
    UsePipes(Exclaiming)(Enhanced);
    UseFilters(Rewriting)(Enhanced);
    expect(Reflect.getMetadata(keys.PIPES, Enhanced)).toEqual([Exclaiming]);
    expect(Reflect.getMetadata(keys.FILTERS, Enhanced)).toEqual([Rewriting]);
    expect(Reflect.getMetadata(keys.CAUGHT_TYPES, Rewriting)).toEqual([BadRequestException]);
    expect(Reflect.getMetadata(keys.PARAMETERS, Decorated, 'message')).toMatchObject({
      [keys.FIRST_PAYLOAD]: { index: 0, pipes: [] },
      [keys.SECOND_CONTEXT]: { index: 1, pipes: [] },
    });
  });

  it('and that TypeScript writes', () => {
    expect(Reflect.getMetadata(keys.PARAMETER_TYPES, Decorated.prototype, 'message')).toHaveLength(2);
  });

  it("are those of Nest's gRPC decorators", () => {
    class Calls {
      @GrpcMethod('Seam')
      grpcMethod(): void {
        // Only its metadata count.
      }

      @GrpcStreamMethod('Seam')
      grpcStreamMethod(): void {
        // Only its metadata count.
      }

      @GrpcStreamCall('Seam')
      grpcStreamCall(): void {
        // Only its metadata count.
      }
    }
    const patterns = Object.entries(keys.GRPC_DECORATORS).map(([streaming, decorator]) => {
      const rpc = decorator;
      const method = `${decorator.charAt(0).toLowerCase()}${decorator.slice(1)}`;
      expect(Reflect.getMetadata(keys.PATTERN, handlerOf(Calls, method))).toEqual([
        { service: 'Seam', rpc, streaming },
      ]);
      return Reflect.getMetadata(keys.TRANSPORT, handlerOf(Calls, method)) as unknown;
    });
    expect(patterns).toEqual([Transport.GRPC, Transport.GRPC, Transport.GRPC]);
  });
});
