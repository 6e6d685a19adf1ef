import type { MessageInit } from '../schema/message-init.js';
import type {
  ConfigureRequest,
  ContainerUpdate,
  CreateContainerRequest,
  CreateContainerResponse,
  PodSandbox,
  Container,
  RunPodSandboxRequest,
  StopContainerRequest,
  StopContainerResponse,
  UpdateContainerRequest,
  UpdateContainerResponse,
  UpdatePodSandboxRequest,
  ValidateContainerAdjustmentRequest,
  ValidateContainerAdjustmentResponse,
} from './generated/messages.js';
import type { NriRuntime } from './runtime.js';

type MaybePromise<T> = T | Promise<T>;

/** A request whose pod and container are there: the runtime sends them always. */
type Whole<Request> = {
  [Name in keyof Request]: Name extends 'pod' | 'container' ? NonNullable<Request[Name]> : Request[Name];
};

/** What a handler may know beside its request. */
export interface NriContext {
  readonly runtime: NriRuntime;
  /** Aborts when the runtime does not wait for this call any more, or is gone. */
  readonly signal: AbortSignal;
  /** When the runtime stops waiting, where it said so. */
  readonly deadline: Date | undefined;
}

/** An event of a pod. */
export type PodEvent = Whole<RunPodSandboxRequest>;
/** An event of a container. */
export interface ContainerEvent {
  readonly pod: PodSandbox;
  readonly container: Container;
}
/** What the runtime tells of itself before anything else. */
export type Configuration = ConfigureRequest;
/** The pods and containers that are there when a plugin connects, all of them. */
export interface Synchronization {
  readonly pods: PodSandbox[];
  readonly containers: Container[];
}

/**
 * A plugin: a function for each event that it handles. Each gets the message of its rpc, whole, and a context.
 * An error that one throws fails the request of the runtime, with its message: a container that must not be created is
 * refused this way.
 */
export interface NriHandlers {
  /**
   * The runtime tells of itself, with the plugin's configuration as a text. An error here refuses to run. The events may
   * be narrowed: the names of those that are wanted.
   */
  configure?(configuration: Configuration, context: NriContext): MaybePromise<readonly string[] | void>;
  /** The pods and containers that are there already, once for each connection. May ask for changes of containers. */
  synchronize?(
    state: Synchronization,
    context: NriContext,
  ): MaybePromise<readonly MessageInit<ContainerUpdate>[] | void>;
  /**
   * The runtime is going down, and waits for this. The plugin stays connected until the runtime hangs up, and then connects
   * again if it is to. NRI's own runtime side, that of containerd and CRI-O, does not call it up to NRI 0.12.5.
   */
  shutdown?(request: object, context: NriContext): MaybePromise<void>;
  runPodSandbox?(event: PodEvent, context: NriContext): MaybePromise<void>;
  updatePodSandbox?(event: Whole<UpdatePodSandboxRequest>, context: NriContext): MaybePromise<void>;
  postUpdatePodSandbox?(event: PodEvent, context: NriContext): MaybePromise<void>;
  stopPodSandbox?(event: PodEvent, context: NriContext): MaybePromise<void>;
  removePodSandbox?(event: PodEvent, context: NriContext): MaybePromise<void>;
  /** May adjust the container before it is made, and ask for changes of others. */
  createContainer?(
    request: Whole<CreateContainerRequest>,
    context: NriContext,
  ): MaybePromise<MessageInit<CreateContainerResponse> | void>;
  postCreateContainer?(event: ContainerEvent, context: NriContext): MaybePromise<void>;
  startContainer?(event: ContainerEvent, context: NriContext): MaybePromise<void>;
  postStartContainer?(event: ContainerEvent, context: NriContext): MaybePromise<void>;
  updateContainer?(
    request: Whole<UpdateContainerRequest>,
    context: NriContext,
  ): MaybePromise<MessageInit<UpdateContainerResponse> | void>;
  postUpdateContainer?(event: ContainerEvent, context: NriContext): MaybePromise<void>;
  stopContainer?(
    request: Whole<StopContainerRequest>,
    context: NriContext,
  ): MaybePromise<MessageInit<StopContainerResponse> | void>;
  removeContainer?(event: ContainerEvent, context: NriContext): MaybePromise<void>;
  /** Judges what all plugins want of a new container. An error refuses it, with its message as the reason. */
  validateContainerAdjustment?(
    request: Whole<ValidateContainerAdjustmentRequest>,
    context: NriContext,
  ): MaybePromise<MessageInit<ValidateContainerAdjustmentResponse> | void>;
}
