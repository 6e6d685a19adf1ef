import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ContainerChanges,
  NriEvent,
  NriModule,
  NriPlugin,
  NriRuntime,
  runPlugin,
  type NriContext,
  type NriHandlers,
  type PodEvent,
} from '../../src/nri/index.js';
import { hasGo } from '../support/go-module.js';
import { TempFolder } from '../support/temp-folder.js';
import { BUILD_MS, GoRuntime, nriPrograms } from './runtime.js';

const withGo = (await hasGo()) ? describe : describe.skip;

@Injectable()
class Names {
  readonly seen: string[] = [];
}

@Module({ providers: [Names], exports: [Names] })
class NamesModule {}

@NriPlugin({ name: 'logger', index: '10' })
class Plugin {
  constructor(
    private readonly names: Names,
    private readonly runtime: NriRuntime,
  ) {}

  @NriEvent()
  createContainer(): object {
    this.names.seen.push(`create under ${this.runtime.name}`);
    return { adjust: new ContainerChanges().addEnv('A', 'b') };
  }

  @NriEvent('RunPodSandbox')
  onPod({ pod }: PodEvent, { runtime }: NriContext): void {
    this.names.seen.push(`pod ${pod.name} ${runtime === this.runtime}`);
  }

  /** Without the decorator it hears of nothing. */
  startContainer(): void {
    this.names.seen.push('start');
  }
}

withGo('a plugin as a Nest module', () => {
  beforeAll(async () => void (await nriPrograms.path('runtime')), BUILD_MS);

  let folder: TempFolder;
  let runtime: GoRuntime;
  let app: INestApplicationContext | undefined;

  beforeEach(async () => {
    folder = new TempFolder();
    runtime = await GoRuntime.start(folder.file('nri.sock'));
  });

  afterEach(async () => {
    await app?.close();
    app = undefined;
    await runtime.stop();
    folder.remove();
  });

  const logger = { log: () => undefined, warn: () => undefined, error: () => undefined };

  it.each([
    [
      'forRoot',
      () => NriModule.forRoot({ plugin: Plugin, imports: [NamesModule], socket: folder.file('nri.sock'), logger }),
    ],
    [
      'forRootAsync',
      () =>
        NriModule.forRootAsync({
          plugin: Plugin,
          imports: [NamesModule],
          inject: [Names],
          useFactory: async (names: Names) => {
            names.seen.push('options');
            return { socket: folder.file('nri.sock'), logger };
          },
        }),
    ],
  ])('%s', async (name, module) => {
    app = await NestFactory.createApplicationContext({ module: NamesModule, imports: [module()] }, { logger: false });
    await runtime.synced();
    const pod = { id: 'p', name: 'web' };
    await runtime.relay('RunPodSandbox', { pod });
    const response = await runtime.relay('CreateContainer', { pod, container: { id: 'c' } });
    await runtime.relay('StartContainer', { pod, container: { id: 'c' } });
    expect(response).toMatchObject({ adjust: { env: [{ key: 'A', value: 'b' }] } });
    const before = name === 'forRoot' ? [] : ['options'];
    expect(app.get(Names, { strict: false }).seen).toEqual([...before, 'pod web true', 'create under test-runtime']);
    expect(app.get(NriRuntime, { strict: false }).connected).toBe(true);
    await app.close();
    expect(app.get(NriRuntime, { strict: false }).connected).toBe(false);
    app = undefined;
  });

  it('fails to start where there is no runtime', async () => {
    const module = NriModule.forRoot({ plugin: Plugin, imports: [NamesModule], socket: folder.file('none.sock') });
    const starting = NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    await expect(starting).rejects.toThrow('there is no such socket');
  });

  it('runs without Nest, too', async () => {
    const names = new Names();
    const nri = new NriRuntime();
    const plugin = new Plugin(names, nri) as unknown as NriHandlers;
    const running = await runPlugin(plugin, { socket: folder.file('nri.sock') }, nri);
    await runtime.synced();
    await runtime.relay('CreateContainer', { pod: { id: 'p' }, container: { id: 'c' } });
    expect(names.seen).toEqual(['create under test-runtime']);
    expect(running.name).toBe('10-logger');
    await running.stop();
  });
});

describe('decorators of plugins', () => {
  it('refuse an event that NRI does not have', () => {
    expect(() => {
      class Wrong {
        @NriEvent()
        createContaner(): void {
          // Never called.
        }
      }
      return Wrong;
    }).toThrow("@NriEvent on Wrong.createContaner: NRI has no event 'createContaner'. Did you mean");
  });

  it('refuse an index that is not two digits', () => {
    expect(() => NriPlugin({ name: 'x', index: '5' })(class {})).toThrow('index: expected two digits');
  });
});
