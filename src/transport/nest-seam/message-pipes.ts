import { ValidationPipe, type PipeTransform } from '@nestjs/common';
import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { messageOf } from '../../protocol/core/errors.js';
import type { MessageCheck } from '../call/message-check.js';
import { knownApplications } from './applications.js';
import { FIRST_PAYLOAD, PARAMETERS, PIPES } from './metadata-keys.js';
import { pipesConfigOf } from './pipeline-building.js';

// Nest runs the pipes of a parameter once, over its value: for a request stream that is the stream, not a message, and
// nothing public runs them over anything else. So the pipes that apply are collected here, in Nest's order: global ones,
// those of the class, of the method and of the parameter.

/** A class, for pipes that look at the type of what they get. */
export type MessageClass = abstract new (...args: never[]) => object;

/** What a handler says of the messages of its request stream. */
export interface MessageValidation {
  /** What they are transformed to; undefined: the pipes know it. */
  readonly type: MessageClass | undefined;
  /** Those of `@Payload()`. */
  readonly pipes: readonly unknown[];
  /** The schema of `@Payload({ schema })` (Nest 12). */
  readonly schema: unknown;
}

interface Payload {
  readonly pipes?: readonly unknown[];
  readonly schema?: unknown;
}

/** What the decorators of the first parameter of the handler `property` say of its messages. */
export function messageValidation(
  owner: object,
  property: string,
  handler: object,
  type: MessageClass | undefined,
): MessageValidation {
  const parameters = Reflect.getOwnMetadata(PARAMETERS, owner, property) as Record<string, Payload> | undefined;
  const { pipes = [], schema } = parameters?.[FIRST_PAYLOAD] ?? {};
  // Nest makes the instances of the classes that it finds among the pipes of a method; the parameter's are hidden from it.
  const classes = pipes.filter((pipe) => typeof pipe === 'function');
  if (classes.length > 0) {
    Reflect.defineMetadata(PIPES, [...((Reflect.getMetadata(PIPES, handler) ?? []) as unknown[]), ...classes], handler);
  }
  return { type, pipes, schema };
}

/** A controller with the module that has it. */
interface Place {
  readonly injectables: Injectables;
  readonly config: ApplicationConfig;
}

type Injectables = ReadonlyMap<unknown, { readonly instance: unknown; isDependencyTreeStatic(): boolean }>;

/** The validation of the messages of one handler. */
export class MessageChecks {
  readonly #checks = new WeakMap<object, MessageCheck>();

  /** `name` is the handler's, for errors. */
  constructor(
    readonly name: string,
    readonly handler: object,
    readonly validation: MessageValidation,
  ) {}

  /** @throws an Error when no pipe applies in the newest application that has the class `controller`, or one cannot be used */
  verify(controller: object, server: object): void {
    pipesFor(controller, undefined, this, server);
  }

  /**
   * The check for the messages that the handler of `controller`, an instance, reads: the pipes that apply, one after the
   * other. `server` is the strategy that took the call. @throws as {@link verify}
   */
  checkFor(controller: object, server: object): MessageCheck {
    let check = this.#checks.get(controller);
    if (!check) this.#checks.set(controller, (check = this.#make(controller, server)));
    return check;
  }

  #make(controller: object, server: object): MessageCheck {
    const pipes = pipesFor(controller.constructor, controller, this, server);
    const { type, schema } = this.validation;
    const metadata = {
      type: 'body' as const,
      metatype: type,
      data: undefined,
      ...(schema !== undefined && { schema }),
    };
    return async (message) => {
      let value: unknown = message;
      // The type of the metadata differs between Nest 11 and 12.
      for (const pipe of pipes) value = await pipe.transform(value, metadata as never);
      return value;
    };
  }
}

function pipesFor(
  controller: object,
  instance: object | undefined,
  { name, handler, validation: { type, pipes, schema } }: MessageChecks,
  server: object,
): PipeTransform[] {
  const place = placeOf(controller, instance);
  const config = pipesConfigOf(server) ?? place?.config;
  const own = [controller, handler]
    .flatMap((each) => (Reflect.getMetadata(PIPES, each) ?? []) as unknown[])
    .filter((pipe) => typeof pipe !== 'function' || !pipes.includes(pipe));
  const all = [...(config?.getGlobalPipes() ?? []), ...[...own, ...pipes].map((pipe) => instanceOf(pipe, place, name))];
  const [scoped] = config?.getGlobalRequestPipes() ?? [];
  if (scoped) throw requestScoped(name, String(scoped.name));
  if (all.length === 0) {
    throw new Error(
      `${name}: validateMessages: no pipe applies to it; add one, such as app.useGlobalPipes(new ValidationPipe())`,
    );
  }
  for (const pipe of all) {
    if (type !== undefined || schema !== undefined || !(pipe instanceof ValidationPipe)) continue;
    if ((pipe as unknown as { expectedType?: unknown }).expectedType !== undefined) continue;
    throw new Error(
      `${name}: validateMessages: true does not tell a ValidationPipe which class the messages have; ` +
        'write the class: validateMessages: HelloRequest',
    );
  }
  return all;
}

function instanceOf(pipe: unknown, place: Place | undefined, name: string): PipeTransform {
  if (isPipe(pipe)) return pipe;
  const wrapper = place?.injectables.get(pipe);
  const label = typeof pipe === 'function' ? pipe.name : messageOf(pipe);
  if (wrapper && !wrapper.isDependencyTreeStatic()) throw requestScoped(name, label);
  if (isPipe(wrapper?.instance)) return wrapper.instance;
  throw new Error(`${name}: validateMessages: the pipe ${label} has no instance in the module of its controller`);
}

function requestScoped(name: string, pipe: string): Error {
  return new Error(
    `${name}: validateMessages: the pipe ${pipe} is request-scoped; the messages of a stream take pipes that live as long as the application`,
  );
}

function isPipe(value: unknown): value is PipeTransform {
  return typeof (value as PipeTransform | undefined)?.transform === 'function';
}

/** The module of the controller `instance`; without one, and for a request-scoped one, the newest that has its class. */
function placeOf(controller: object, instance: object | undefined): Place | undefined {
  let place: Place | undefined;
  for (const { modules, config } of knownApplications()) {
    for (const module of modules.values()) {
      const wrapper = controllerOf(module, controller);
      if (!wrapper) continue;
      place = { injectables: module.injectables as unknown as Injectables, config };
      if (instance !== undefined && wrapper.instance === instance) return place;
    }
  }
  return place;
}

type Module = ModulesContainer extends Map<string, infer Each> ? Each : never;

function controllerOf(module: Module, type: unknown): { instance: unknown } | undefined {
  for (const wrapper of module.controllers.values()) if (wrapper.metatype === type) return wrapper;
  return undefined;
}
