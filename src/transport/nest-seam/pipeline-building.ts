import { ApplicationConfig } from '@nestjs/core';

// Nest builds the pipeline of a handler (filters, pipes, guards, interceptors) when it registers the handler with a
// server: it reads the server's `transportId`, builds, and calls `addHandler`, all in one synchronous run. Two things
// depend on that moment, and nothing public tells of it: which configuration has the pipes of the pipeline
// (`pipesConfigOf`), and whether the parameter stage is needed (`parameter-stage.ts`). So `transportId` is a getter.

/** How a server wants its pipelines. */
export interface PipelineOptions {
  /** True: handlers without pipes get no parameter stage. */
  readonly skipsParameters: boolean;
}

interface Building {
  readonly options: PipelineOptions;
  /** Who was asked for global pipes last. */
  pipesConfig: ApplicationConfig | undefined;
}

let current: Building | undefined;

/**
 * Gives `server` the transport id by which Nest selects its handlers, and notices when Nest builds their pipelines.
 * Without an id it gets the handlers of all transports. A second call replaces the first.
 */
export function defineTransportId(server: object, id: symbol | undefined, options: PipelineOptions): void {
  Object.defineProperty(server, 'transportId', {
    enumerable: true,
    configurable: true,
    get: () => {
      begin(options);
      return id;
    },
  });
}

/** Nest has given `server` a handler: its pipeline is built. */
export function pipelineBuilt(server: object): void {
  if (current?.pipesConfig) pipesConfigs.set(server, current.pipesConfig);
  end();
}

/** True once a handler wants the pipes of its pipeline: until then nothing asks for their configuration. */
let notesPipes = false;

/** The configuration of the pipelines of a server, by what Nest has asked for global pipes. */
const pipesConfigs = new WeakMap<object, ApplicationConfig>();

/** From now on {@link pipesConfigOf} knows the configuration of each pipeline that is built. */
export function notePipesConfigs(): void {
  notesPipes = true;
}

/**
 * The configuration with which the pipelines of `server` were built; that of a microservice that is connected to an HTTP
 * application may be its own. Undefined where Nest has not built one yet (request scope).
 */
export function pipesConfigOf(server: object): ApplicationConfig | undefined {
  return pipesConfigs.get(server);
}

/** True while Nest builds a pipeline that needs no parameter stage unless pipes apply. */
export function skipsParameters(): boolean {
  return current?.options.skipsParameters === true;
}

function begin(options: PipelineOptions): void {
  if (current) return;
  current = { options, pipesConfig: undefined };
  if (notesPipes) listenForPipes();
  // Nest may read the id without building anything, and building may fail.
  // (Not queueMicrotask: fake timers of tests stop that.)
  void Promise.resolve().then(end);
}

function end(): void {
  if (!current) return;
  current = undefined;
  stopListening?.();
}

let stopListening: (() => void) | undefined;

/** Puts a method in front of the class's own until {@link end}, since nothing else leads to a configuration of its own. */
function listenForPipes(): void {
  const own = Object.getOwnPropertyDescriptor(ApplicationConfig.prototype, 'getGlobalPipes');
  if (typeof own?.value !== 'function') return;
  const getGlobalPipes = own.value as ApplicationConfig['getGlobalPipes'];
  Object.defineProperty(ApplicationConfig.prototype, 'getGlobalPipes', {
    ...own,
    value(this: ApplicationConfig) {
      if (current) current.pipesConfig = this;
      return getGlobalPipes.call(this);
    },
  });
  stopListening = () => {
    stopListening = undefined;
    Object.defineProperty(ApplicationConfig.prototype, 'getGlobalPipes', own);
  };
}
