import { describe, expect, it } from '@jest/globals';
import { UsePipes, type PipeTransform, type Type } from '@nestjs/common';
import { ApplicationConfig, NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { TtrpcMethod, TtrpcService, type TtrpcStream } from 'nestjs-ttrpc';
import { bytes, Exclaiming, moduleOf, SEAM, SeamLab, text } from './lab.js';

const lab = new SeamLab();

describe('the pipes of messages', () => {
  function echoing(): Type {
    @TtrpcService(SEAM)
    class Echoing {
      @TtrpcMethod({ validateMessages: true })
      @UsePipes(Exclaiming)
      async *chat(lines: TtrpcStream<Uint8Array>): AsyncIterable<Uint8Array> {
        yield* lines;
      }
    }
    return Echoing;
  }

  class Asking implements PipeTransform {
    transform(value: Uint8Array): unknown {
      return bytes(`${text(value)}?`);
    }
  }

  async function chat(line: string): Promise<string> {
    const client = await lab.client();
    const stream = client.stream(SEAM.name, 'Chat', 'bidi');
    await stream.send(bytes(line));
    stream.closeSend();
    let responses = '';
    for await (const response of stream) responses += text(response);
    return responses;
  }

  it('are global ones and those of the method, made by Nest', async () => {
    await lab.start(echoing(), {}, (microservice) => void microservice.useGlobalPipes(new Asking()));
    expect(await chat('hi')).toBe('hi?!');
  });

  it.each([
    [true, 'hi?!'],
    [false, 'hi!'],
  ])('knows whether a connected microservice inherits the global ones: %s', async (inheritAppConfig, expected) => {
    const own = Object.getOwnPropertyDescriptor(ApplicationConfig.prototype, 'getGlobalPipes');
    const hybrid = await NestFactory.create(moduleOf(echoing()), { logger: false });
    lab.app = hybrid;
    hybrid.useGlobalPipes(new Asking());
    hybrid.connectMicroservice<MicroserviceOptions>({ strategy: lab.newServer() }, { inheritAppConfig });
    await hybrid.startAllMicroservices();
    await hybrid.init();
    expect(await chat('hi')).toBe(expected);
    // What listened while Nest built the pipelines is gone.
    expect(Object.getOwnPropertyDescriptor(ApplicationConfig.prototype, 'getGlobalPipes')).toEqual(own);
  });
});
