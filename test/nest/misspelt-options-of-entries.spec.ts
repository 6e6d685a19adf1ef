import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TtrpcMethod, TtrpcService, loadSchema } from 'nestjs-ttrpc';
import { defineShim, deleteShim, EventPublisher, type ShimDefinition } from 'nestjs-ttrpc/containerd';
import { TtrpcMetrics } from 'nestjs-ttrpc/metrics';
import { TtrpcInstrumentation } from 'nestjs-ttrpc/opentelemetry';
import { createTtrpcTestingApp, fakeTtrpcContext, fakeTtrpcService } from 'nestjs-ttrpc/testing';
import { LAB_PROTO } from '../support/nest-lab.js';

/** Options as plain JavaScript may have them: the types refuse these in a literal. */
const loose = <T>(options: object): T => options as T;

@TtrpcService('lab.v1.Lab')
class LabController {
  @TtrpcMethod()
  ask(): object {
    return {};
  }
}

describe('a name that is no option is a warning of the process', () => {
  let warned: string[];
  beforeEach(() => {
    warned = [];
    jest.spyOn(process, 'emitWarning').mockImplementation((text: unknown) => void warned.push(String(text)));
  });
  afterEach(() => void jest.restoreAllMocks());

  const expectWarning = (owner: string, name: string, meant: string): void =>
    expect(warned).toEqual([`'${name}' is no option of ${owner}: it does nothing. Did you mean '${meant}'?`]);

  it('at an instrumentation, when it is made and when its options are replaced', () => {
    const instrumentation = new TtrpcInstrumentation(loose({ enabled: false, oldName: true }));
    expectWarning('TtrpcInstrumentation', 'oldName', 'oldNames');
    instrumentation.setConfig(loose({ enabled: false, oldnames: true }));
    expect(warned[1]).toContain("'oldnames' is no option of TtrpcInstrumentation");
    instrumentation.setConfig({ enabled: false, oldNames: true });
    expect(warned).toHaveLength(2);
  });

  it('at a testing application', async () => {
    const app = await createTtrpcTestingApp(
      loose({ controllers: [LabController], protoPath: LAB_PROTO, preparee: () => undefined }),
    );
    await app.close();
    expectWarning('createTtrpcTestingApp', 'preparee', 'prepare');
  });

  it('at the context of a call that is not made', () => {
    fakeTtrpcContext(loose({ metadata: { who: 'me' }, deadlin: new Date() }));
    expectWarning('fakeTtrpcContext', 'deadlin', 'deadline');
  });

  it('at a scripted service', async () => {
    const service = loadSchema({ protoPath: LAB_PROTO }).resolve('lab.v1.Lab');
    const fake = await fakeTtrpcService(service, {}, loose({ urll: 'memory:x' }));
    await fake.close();
    expectWarning('fakeTtrpcService', 'urll', 'url');
  });

  it('at a publisher of events', async () => {
    const publisher = new EventPublisher(loose({ address: 'memory:none', namespace: 'test', onLoss: () => undefined }));
    await publisher.close();
    expectWarning('an EventPublisher', 'onLoss', 'onLost');
  });

  it('at a shim that is run', async () => {
    const shim = {
      binary: '/nowhere/shim',
      id: 'c1',
      namespace: 'test',
      bundle: '/nowhere',
      ttrpcAddress: '/nowhere/s',
    };
    await expect(deleteShim(loose({ ...shim, onlog: () => undefined }))).rejects.toThrow('/nowhere');
    expectWarning('a shim', 'onlog', 'onLog');
  });
});

describe('where nothing else may be among the options it is an error', () => {
  it('of metrics', () => {
    const message = "TtrpcMetrics.server: no such option; TtrpcMetrics has servers, clients. Did you mean 'servers'?";
    expect(() => new TtrpcMetrics(loose({ server: {} }))).toThrow(new TypeError(message));
  });

  it('of the definition of a shim, unless it is of a class', () => {
    const runner = (): never => {
      throw new Error('is not run');
    };
    const message =
      "defineShim.cleanup: no such option; defineShim has name, version, runner, cleanUp. Did you mean 'cleanUp'?";
    expect(() => defineShim(loose({ name: 'x', runner, cleanup: () => undefined }))).toThrow(new TypeError(message));
    class Definition implements ShimDefinition {
      readonly name = 'x';
      readonly runner = runner;
      readonly own = 1;
    }
    expect(defineShim(new Definition())).toHaveProperty('main');
  });
});
