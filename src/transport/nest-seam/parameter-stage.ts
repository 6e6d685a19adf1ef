import type { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';

// Nest resolves each parameter of a handler by several promises and collects them in an array of its own, so that pipes
// can change them. Where no pipe applies, that is a third of what a small call costs, and the arrays cost more than their
// time: V8 takes them for long-lived, puts them into old space, and there they keep the messages of finished calls until
// a full collection (docs/performance.md). A handler without parameter metadata gets what the server passes, the request
// and the context, as it is. So the metadata hide while Nest builds the pipeline of a handler to which no pipe applies.
// Nest at any other time, and everybody else, sees them; so does Nest where something is not known.

/** What Nest keeps of a method's parameters, by kind and place. */
export type ParameterMetadata = Record<string, { index: number; data?: unknown; pipes?: unknown; schema?: unknown }>;

/** What Nest injects of an application. */
export interface Application {
  readonly config: ApplicationConfig;
  readonly modules: ModulesContainer;
  readonly adapterHost: HttpAdapterHost | undefined;
}

/** What Nest keeps of a controller. */
interface Controller {
  readonly metatype: unknown;
  readonly instance: unknown;
}

/** Where Nest keeps the pipes of a class or method. */
const PIPES = '__pipes__';

/** Nest's keys for `@Payload()` at the first and `@Ctx()` at the second place (RpcParamtype). */
const PLACES = new Map([
  ['3:0', 0],
  ['6:1', 1],
]);

/** An application is kept as long as its modules. */
const applications = new WeakMap<ModulesContainer, Application>();
let known: WeakRef<ModulesContainer>[] = [];
let building = false;

/** Notes an application with ttrpc handlers: its pipes count. */
export function noteApplication(application: Application): void {
  const { modules } = application;
  if (applications.has(modules)) return;
  applications.set(modules, application);
  known = known.filter((each) => each.deref() !== undefined);
  known.push(new WeakRef(modules));
}

/** Nest builds pipelines of handlers from now on, for the rest of this turn at most. */
export function beginBuilding(): void {
  if (building) return;
  building = true;
  queueMicrotask(endBuilding);
}

/** Nest has built the pipeline. */
export function endBuilding(): void {
  building = false;
}

/**
 * The parameter metadata of a handler of `owner` as Nest is to keep them: the same where they ask for more than what the
 * server passes, else such that hide while a pipeline is built to which no pipe applies.
 */
export function hiding(metadata: ParameterMetadata, owner: object, property: string): ParameterMetadata {
  if (!Object.entries(metadata).every(isAsPassed)) return metadata;
  return new Proxy(metadata, {
    ownKeys: (target) => (building && hasNoPipes(owner, property) ? [] : Reflect.ownKeys(target)),
  });
}

function isAsPassed([key, { index, ...rest }]: [string, ParameterMetadata[string]]): boolean {
  return PLACES.get(key) === index && Object.values(rest).every(isEmpty);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

/**
 * True when no pipe can apply to the handler. Nest does not tell for which controller it builds: the metadata of a class
 * are also those of the classes that inherit the method. So all controllers count that have it, in each application that
 * has one.
 */
function hasNoPipes(owner: object, property: string): boolean {
  let heirs = 0;
  for (const reference of known) {
    const modules = reference.deref();
    const application = modules && applications.get(modules);
    if (!application) continue;
    for (const controller of controllersOf(modules, owner)) {
      if (hasGlobalPipes(application) || hasPipes(controller, property)) return false;
      heirs++;
    }
  }
  return heirs > 0;
}

/** The controllers that are `owner` or extend it. */
function* controllersOf(modules: ModulesContainer, owner: object): Iterable<Controller> {
  for (const { controllers } of modules.values()) {
    for (const { metatype, instance } of controllers.values()) {
      if (metatype === owner || Object.prototype.isPrototypeOf.call(owner, metatype ?? {}))
        yield { metatype, instance };
    }
  }
}

function hasPipes({ metatype, instance }: Controller, property: string): boolean {
  const handler = (instance as Record<string, unknown> | undefined)?.[property];
  return ![metatype, handler].every((each) => typeof each === 'function' && isEmpty(Reflect.getMetadata(PIPES, each)));
}

/** A microservice that is connected to an HTTP application may have a configuration that nobody can see. */
function hasGlobalPipes({ config, adapterHost }: Application): boolean {
  // The type promises an adapter; a microservice of its own has none.
  const parts: unknown[] = [adapterHost?.httpAdapter, config.getGlobalPipes(), config.getGlobalRequestPipes()];
  return !parts.every(isEmpty);
}
