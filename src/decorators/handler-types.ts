import type { Observable } from 'rxjs';
import type { TtrpcStream } from '../common/ttrpc-stream.js';
import type { MethodDescriptor } from '../schema/service-descriptor.js';
import type { TtrpcContext } from '../transport/call/ttrpc-context.js';

/** What a handler gets: what the codec decodes. */
type Received<Method extends MethodDescriptor> = ReturnType<Method['request']['decode']>;

/** What a handler returns: what the codec encodes; nothing at all where the message has no fields. */
type Response<Method extends MethodDescriptor> =
  | Parameters<Method['response']['encode']>[0]
  | (HasNoFields<ReturnType<Method['response']['decode']>> extends true ? void | null | undefined : never);

/** True for google.protobuf.Empty; what generators add to each message does not count. */
type HasNoFields<Message> = unknown extends Message
  ? false
  : [Exclude<keyof Message, '$typeName' | '$unknown' | '$type'>] extends [never]
    ? true
    : false;

type IsOneRequest<Method extends MethodDescriptor> = Method['shape'] extends 'unary' | 'server-streaming'
  ? true
  : false;

type Argument<Method extends MethodDescriptor> =
  IsOneRequest<Method> extends true ? Received<Method> : TtrpcStream<Received<Method>>;

type Streamed<T> = Observable<T> | AsyncIterable<T>;

type Result<Method extends MethodDescriptor> = Method['shape'] extends 'unary' | 'client-streaming'
  ? Response<Method> | PromiseLike<Response<Method>> | Observable<Response<Method>>
  : Streamed<Response<Method>> | PromiseLike<Streamed<Response<Method>>>;

/** The rpc that a method's name means, as `@TtrpcMethod()` finds it. */
type RpcOf<All extends Record<string, MethodDescriptor>, Key> = Key extends string
  ? Capitalize<Key> extends keyof All
    ? All[Capitalize<Key>]
    : Key extends keyof All
      ? All[Key]
      : never
  : never;

type IsAny<T> = 0 extends 1 & T ? true : false;

/**
 * A handler's parameter, if it can be what the rpc gives: the request, or a class or interface with some of its fields,
 * the context, or a part of the request (`@Payload('name')`). Else what the rpc gives: the compiler shows both.
 */
type CheckedParameter<Parameter, Wanted> =
  IsAny<Parameter> extends true
    ? Parameter
    : [TtrpcContext] extends [Parameter]
      ? Parameter
      : [Parameter] extends [TtrpcContext]
        ? Parameter
        : [Parameter] extends [string | number | bigint | boolean | symbol | null | undefined | readonly unknown[]]
          ? Parameter
          : [Wanted] extends [Parameter]
            ? Parameter
            : [Parameter] extends [Wanted]
              ? Parameter
              : Wanted;

/** The messages in what a handler returns. */
type MessagesIn<Returned> =
  Returned extends Observable<infer Item>
    ? Item
    : Returned extends AsyncIterable<infer Item>
      ? Item
      : Returned extends PromiseLike<infer Item>
        ? MessagesIn<Item>
        : Returned;

type KeysOf<T> = T extends object ? keyof T : never;

/**
 * What a handler may return. Generated types whose fields may all be left out take any object: one that has fields, and
 * none of the response's, is meant to be something else.
 */
type CheckedResult<Returned, Method extends MethodDescriptor> =
  IsAny<Returned> extends true
    ? Returned
    : [KeysOf<MessagesIn<Returned>>] extends [never]
      ? Result<Method>
      : [KeysOf<MessagesIn<Returned>> & KeysOf<Response<Method>>] extends [never]
        ? { 'is not a field of the response': KeysOf<MessagesIn<Returned>> }
        : Result<Method>;

type CheckedHandler<Handler, Method extends MethodDescriptor> = Handler extends (
  ...parameters: infer Parameters
) => infer Returned
  ? (
      ...parameters: { [At in keyof Parameters]: CheckedParameter<Parameters[At], Argument<Method>> }
    ) => CheckedResult<Returned, Method>
  : Handler;

/** The controller's type with each handler as the service wants it. */
type Checked<Controller, All extends Record<string, MethodDescriptor>> = {
  [Key in keyof Controller]: [RpcOf<All, Key>] extends [never]
    ? Controller[Key]
    : CheckedHandler<Controller[Key], RpcOf<All, Key>>;
};

// Any class: `never` is what every parameter takes.
type Class = abstract new (...parameters: never[]) => object;

/**
 * The class decorator for a service whose types are known: methods with the name of an rpc must fit it. A parameter
 * must be the request or a class with fields of it, the context, or a part of the request; what is returned must be what
 * the response's codec takes. `any` is not checked, nor are methods with other names.
 */
export type TtrpcServiceDecorator<All extends Record<string, MethodDescriptor>> = string extends keyof All
  ? ClassDecorator
  : <Target extends Class>(
      target: Target & (abstract new (...parameters: never[]) => Checked<InstanceType<Target>, All>),
    ) => void;
