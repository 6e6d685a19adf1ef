import { describe, expect, it } from '@jest/globals';
import { BadRequestException, Scope, UseFilters, type Type } from '@nestjs/common';
import { ApplicationConfig, NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { TtrpcMethod, TtrpcService, TtrpcStatus } from 'nestjs-ttrpc';
import { moduleOf, Rewriting, SEAM, SeamLab, text } from './lab.js';

const lab = new SeamLab();

describe('the filter', () => {
  class Failing {
    ask(request: Uint8Array): Uint8Array {
      throw new BadRequestException(`bad ${text(request)}`);
    }
  }

  function failing(scope: Scope = Scope.DEFAULT): Type {
    @TtrpcService(SEAM, { scope })
    class Failed extends Failing {
      @TtrpcMethod()
      override ask(request: Uint8Array): Uint8Array {
        return super.ask(request);
      }
    }
    return Failed;
  }

  const unfiltered = { code: TtrpcStatus.INVALID_ARGUMENT, message: 'bad hi' };
  const filtered = { code: TtrpcStatus.OUT_OF_RANGE, message: 'filtered rpc' };

  it("lets an exception through that Nest's base filter hides", async () => {
    await lab.start(failing());
    await expect(lab.ask('hi')).rejects.toMatchObject(unfiltered);
  });

  it.each([
    ['once', Scope.DEFAULT],
    ['for each request', Scope.REQUEST],
  ])('comes after a global filter; the controller is made %s', async (_title, scope) => {
    await lab.start(failing(scope), {}, (microservice) => void microservice.useGlobalFilters(new Rewriting()));
    await expect(lab.ask('hi')).rejects.toMatchObject(filtered);
  });

  it('comes after a filter of the class', async () => {
    const controller = failing();
    UseFilters(Rewriting)(controller);
    await lab.start(controller);
    await expect(lab.ask('hi')).rejects.toMatchObject(filtered);
  });

  it.each([
    [true, filtered],
    [false, unfiltered],
  ])('knows whether a connected microservice inherits the global filters: %s', async (inheritAppConfig, expected) => {
    const hybrid = await NestFactory.create(moduleOf(failing()), { logger: false });
    lab.app = hybrid;
    hybrid.useGlobalFilters(new Rewriting());
    hybrid.connectMicroservice<MicroserviceOptions>({ strategy: lab.newServer() }, { inheritAppConfig });
    await hybrid.startAllMicroservices();
    await hybrid.init();
    await expect(lab.ask('hi')).rejects.toMatchObject(expected);
    const config = hybrid.get(ApplicationConfig);
    expect(config.getGlobalFilters()).toHaveLength(1);
    expect(Object.hasOwn(config, 'getGlobalFilters')).toBe(false);
  });
});
