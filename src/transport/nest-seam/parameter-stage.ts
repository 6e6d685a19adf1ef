import type { ModulesContainer } from '@nestjs/core';
import { knownApplications, servesHttp, type Application } from './applications.js';
import { FIRST_PAYLOAD, PIPES, SECOND_CONTEXT } from './metadata-keys.js';
import { skipsParameters } from './pipeline-building.js';

// Nest resolves each parameter of a handler by several promises and collects the values in an array of its own, so that
// pipes can change them. Where no pipe applies, this is about a third of the server's CPU time of a small call, and the
// arrays keep the messages of finished calls in old space until a full collection (docs/performance.md). A handler
// without parameter metadata gets the arguments that the server passes, the request and the context, as they are. So the
// metadata hide while Nest builds the pipeline of a handler to which no pipe applies. At any other time, and to everybody
// else, they are visible; also to Nest when something is not known.
//
// Nothing plainer does it. Which pipes apply is known when Nest builds the pipeline, not when the decorators run, and
// `addHandler` comes after it. A second method without metadata, to choose from in `addHandler`, would be found by every
// other scanner of methods: `@Cron()` or `@OnEvent()` on a handler would run twice. An option that the user has to set
// (`@TtrpcMethod({ pipes: false })` is one) leaves the price on everybody who does not know it. The server option
// `alwaysResolveParameters` turns this off; docs/maintainers/upstream.md has the change to Nest that would make it unnecessary.

/** What Nest keeps of a method's parameters, by kind and place. */
export type ParameterMetadata = Record<string, { index: number; data?: unknown; pipes?: unknown; schema?: unknown }>;

/** What Nest keeps of a controller. */
interface Controller {
  readonly metatype: unknown;
  readonly instance: unknown;
}

/** What the server passes, by its place. */
const PLACES = new Map([
  [FIRST_PAYLOAD, 0],
  [SECOND_CONTEXT, 1],
]);

/**
 * The parameter metadata of a handler of `owner` as Nest is to keep them: the same where they ask for more than what the
 * server passes, else such that hide while a pipeline is built to which no pipe applies.
 */
export function hiding(metadata: ParameterMetadata, owner: object, property: string): ParameterMetadata {
  if (!Object.entries(metadata).every(isAsPassed)) return metadata;
  return new Proxy(metadata, {
    ownKeys: (target) => (skipsParameters() && hasNoPipes(owner, property) ? [] : Reflect.ownKeys(target)),
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
  for (const application of knownApplications()) {
    for (const controller of controllersOf(application.modules, owner)) {
      if (mayHaveGlobalPipes(application) || hasPipes(controller, property)) return false;
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

/** Of a microservice that is connected to an HTTP application the global pipes are not known. */
function mayHaveGlobalPipes(application: Application): boolean {
  const { config } = application;
  return servesHttp(application) || ![config.getGlobalPipes(), config.getGlobalRequestPipes()].every(isEmpty);
}
