import { describe, expect, it } from '@jest/globals';
import { BadRequestException, Scope, UseFilters, type Type } from '@nestjs/common';
import { APP_FILTER, ApplicationConfig, NestFactory } from '@nestjs/core';
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

  describe.each([
    ['once', Scope.DEFAULT],
    ['for each request', Scope.REQUEST],
  ])('of a controller that is made %s', (_title, scope) => {
    it.each([
      [true, filtered],
      [false, unfiltered],
    ])('knows whether a connected microservice inherits the global filters: %s', async (inheritAppConfig, expected) => {
      const hybrid = await NestFactory.create(moduleOf(failing(scope)), { logger: false });
      lab.app = hybrid;
      hybrid.useGlobalFilters(new Rewriting());
      hybrid.connectMicroservice<MicroserviceOptions>({ strategy: lab.newServer() }, { inheritAppConfig });
      await hybrid.startAllMicroservices();
      await hybrid.init();
      await expect(lab.ask('hi')).rejects.toMatchObject(expected);
      expect(hybrid.get(ApplicationConfig).getGlobalFilters()).toHaveLength(1);
    });

    it('comes after a global filter that only the connected microservice has', async () => {
      const hybrid = await NestFactory.create(moduleOf(failing(scope)), { logger: false });
      lab.app = hybrid;
      const microservice = hybrid.connectMicroservice<MicroserviceOptions>(
        { strategy: lab.newServer() },
        { deferInitialization: true },
      );
      microservice.useGlobalFilters(new Rewriting());
      await hybrid.startAllMicroservices();
      await hybrid.init();
      await expect(lab.ask('hi')).rejects.toMatchObject(filtered);
    });

    it('comes after a global filter in request scope', async () => {
      const module = {
        module: moduleOf(failing(scope)),
        providers: [{ provide: APP_FILTER, useClass: Rewriting, scope: Scope.REQUEST }],
      };
      const microservice = await NestFactory.createMicroservice<MicroserviceOptions>(module, {
        strategy: lab.newServer(),
        logger: false,
      });
      lab.app = microservice;
      await microservice.listen();
      await expect(lab.ask('hi')).rejects.toMatchObject(filtered);
    });
  });
});
