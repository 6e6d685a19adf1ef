// Made by scripts/protos.mjs of the .proto files in proto/containerd: do not edit.
import type { Rpc } from '../../schema/message-init.js';

/** containerd.events.ContainerCreate */
export interface ContainerCreate {
  id: string;
  image: string;
  runtime: ContainerCreateRuntime | null;
}

/** containerd.events.ContainerCreate.Runtime */
export interface ContainerCreateRuntime {
  name: string;
  options: Any | null;
}

/** containerd.events.ContainerUpdate */
export interface ContainerUpdate {
  id: string;
  image: string;
  labels: Record<string, string>;
  snapshotKey: string;
}

/** containerd.events.ContainerDelete */
export interface ContainerDelete {
  id: string;
}

/** containerd.events.ContentCreate */
export interface ContentCreate {
  digest: string;
  size: bigint;
  mediaType: string;
}

/** containerd.events.ContentDelete */
export interface ContentDelete {
  digest: string;
}

/** containerd.events.NamespaceCreate */
export interface NamespaceCreate {
  name: string;
  labels: Record<string, string>;
}

/** containerd.events.NamespaceUpdate */
export interface NamespaceUpdate {
  name: string;
  labels: Record<string, string>;
}

/** containerd.events.NamespaceDelete */
export interface NamespaceDelete {
  name: string;
}

/** containerd.events.SandboxCreate */
export interface SandboxCreate {
  sandboxId: string;
}

/** containerd.events.SandboxStart */
export interface SandboxStart {
  sandboxId: string;
}

/** containerd.events.SandboxExit */
export interface SandboxExit {
  sandboxId: string;
  exitStatus: number;
  exitedAt: Timestamp | null;
}

/** containerd.events.SnapshotPrepare */
export interface SnapshotPrepare {
  key: string;
  parent: string;
  snapshotter: string;
}

/** containerd.events.SnapshotCommit */
export interface SnapshotCommit {
  key: string;
  name: string;
  snapshotter: string;
}

/** containerd.events.SnapshotRemove */
export interface SnapshotRemove {
  key: string;
  snapshotter: string;
}

/** containerd.events.TaskCreate */
export interface TaskCreate {
  containerId: string;
  bundle: string;
  rootfs: Mount[];
  io: TaskIO | null;
  checkpoint: string;
  pid: number;
}

/** containerd.events.TaskStart */
export interface TaskStart {
  containerId: string;
  pid: number;
}

/** containerd.events.TaskDelete */
export interface TaskDelete {
  containerId: string;
  pid: number;
  exitStatus: number;
  exitedAt: Timestamp | null;
  id: string;
}

/** containerd.events.TaskIO */
export interface TaskIO {
  stdin: string;
  stdout: string;
  stderr: string;
  terminal: boolean;
}

/** containerd.events.TaskExit */
export interface TaskExit {
  containerId: string;
  id: string;
  pid: number;
  exitStatus: number;
  exitedAt: Timestamp | null;
}

/** containerd.events.TaskOOM */
export interface TaskOOM {
  containerId: string;
}

/** containerd.events.TaskExecAdded */
export interface TaskExecAdded {
  containerId: string;
  execId: string;
}

/** containerd.events.TaskExecStarted */
export interface TaskExecStarted {
  containerId: string;
  execId: string;
  pid: number;
}

/** containerd.events.TaskPaused */
export interface TaskPaused {
  containerId: string;
}

/** containerd.events.TaskResumed */
export interface TaskResumed {
  containerId: string;
}

/** containerd.events.TaskCheckpointed */
export interface TaskCheckpointed {
  containerId: string;
  checkpoint: string;
}

/** containerd.services.images.v1.ImageCreate */
export interface ImageCreate {
  name: string;
  labels: Record<string, string>;
}

/** containerd.services.images.v1.ImageUpdate */
export interface ImageUpdate {
  name: string;
  labels: Record<string, string>;
}

/** containerd.services.images.v1.ImageDelete */
export interface ImageDelete {
  name: string;
}

/** The rpcs of containerd.services.events.ttrpc.v1.Events. */
export type EventsMethods = {
  readonly Forward: Rpc<ForwardRequest, Empty>;
};

/** containerd.services.events.ttrpc.v1.ForwardRequest */
export interface ForwardRequest {
  envelope: Envelope | null;
}

/** containerd.types.Mount */
export interface Mount {
  type: string;
  source: string;
  target: string;
  options: string[];
}

/** containerd.types.ActiveMount */
export interface ActiveMount {
  mount: Mount | null;
  mountedAt: Timestamp | null;
  mountPoint: string;
  data: Record<string, string>;
}

/** containerd.types.ActivationInfo */
export interface ActivationInfo {
  name: string;
  active: ActiveMount[];
  system: Mount[];
  labels: Record<string, string>;
}

/** containerd.types.MountCapabilities */
export interface MountCapabilities {
  types: string[];
  transforms: string[];
}

/** containerd.types.Envelope */
export interface Envelope {
  timestamp: Timestamp | null;
  namespace: string;
  topic: string;
  event: Any | null;
}

/** containerd.types.RuntimeRequest */
export interface RuntimeRequest {
  runtimePath: string;
  options: Any | null;
}

/** containerd.types.RuntimeVersion */
export interface RuntimeVersion {
  version: string;
  revision: string;
}

/** containerd.types.RuntimeInfo */
export interface RuntimeInfo {
  name: string;
  version: RuntimeVersion | null;
  options: Any | null;
  features: Any | null;
  annotations: Record<string, string>;
}

/** containerd.runtime.bootstrap.v1.BootstrapParams */
export interface BootstrapParams {
  instanceId: string;
  namespace: string;
  logLevel: BootstrapLogLevel;
  containerdVersion: string;
  containerdTtrpcAddress: string;
  containerdGrpcAddress: string;
  containerdBinary: string;
  extensions: BootstrapExtension[];
  socketDir?: string;
}

/** containerd.runtime.bootstrap.v1.Extension */
export interface BootstrapExtension {
  value: Any | null;
}

/** containerd.runtime.bootstrap.v1.BootstrapResult */
export interface BootstrapResult {
  version: number;
  address: string;
  protocol: string;
  capabilities: BootstrapCapability[];
  metadata: Record<string, string>;
  extensions: BootstrapExtension[];
}

/** containerd.runtime.bootstrap.v1.LogLevel */
export type BootstrapLogLevel =
  | 'LOG_LEVEL_INFO'
  | 'LOG_LEVEL_TRACE'
  | 'LOG_LEVEL_DEBUG'
  | 'LOG_LEVEL_WARN'
  | 'LOG_LEVEL_ERROR'
  | 'LOG_LEVEL_FATAL'
  | 'LOG_LEVEL_PANIC'
  // A value that these definitions do not know.
  | number;

/** containerd.runtime.bootstrap.v1.Capability */
export type BootstrapCapability =
  | 'CAPABILITY_UNSPECIFIED'
  // A value that these definitions do not know.
  | number;

/** The rpcs of containerd.task.v2.Task. */
export type TaskMethods = {
  readonly State: Rpc<StateRequest, StateResponse>;
  readonly Create: Rpc<CreateTaskRequest, CreateTaskResponse>;
  readonly Start: Rpc<StartRequest, StartResponse>;
  readonly Delete: Rpc<DeleteRequest, DeleteResponse>;
  readonly Pids: Rpc<PidsRequest, PidsResponse>;
  readonly Pause: Rpc<PauseRequest, Empty>;
  readonly Resume: Rpc<ResumeRequest, Empty>;
  readonly Checkpoint: Rpc<CheckpointTaskRequest, Empty>;
  readonly Kill: Rpc<KillRequest, Empty>;
  readonly Exec: Rpc<ExecProcessRequest, Empty>;
  readonly ResizePty: Rpc<ResizePtyRequest, Empty>;
  readonly CloseIO: Rpc<CloseIORequest, Empty>;
  readonly Update: Rpc<UpdateTaskRequest, Empty>;
  readonly Wait: Rpc<WaitRequest, WaitResponse>;
  readonly Stats: Rpc<StatsRequest, StatsResponse>;
  readonly Connect: Rpc<ConnectRequest, ConnectResponse>;
  readonly Shutdown: Rpc<ShutdownRequest, Empty>;
};

/** containerd.task.v2.CreateTaskRequest */
export interface CreateTaskRequest {
  id: string;
  bundle: string;
  rootfs: Mount[];
  terminal: boolean;
  stdin: string;
  stdout: string;
  stderr: string;
  checkpoint: string;
  parentCheckpoint: string;
  options: Any | null;
}

/** containerd.task.v2.CreateTaskResponse */
export interface CreateTaskResponse {
  pid: number;
}

/** containerd.task.v2.DeleteRequest */
export interface DeleteRequest {
  id: string;
  execId: string;
}

/** containerd.task.v2.DeleteResponse */
export interface DeleteResponse {
  pid: number;
  exitStatus: number;
  exitedAt: Timestamp | null;
}

/** containerd.task.v2.ExecProcessRequest */
export interface ExecProcessRequest {
  id: string;
  execId: string;
  terminal: boolean;
  stdin: string;
  stdout: string;
  stderr: string;
  spec: Any | null;
}

/** containerd.task.v2.ExecProcessResponse */
export type ExecProcessResponse = Record<never, never>;

/** containerd.task.v2.ResizePtyRequest */
export interface ResizePtyRequest {
  id: string;
  execId: string;
  width: number;
  height: number;
}

/** containerd.task.v2.StateRequest */
export interface StateRequest {
  id: string;
  execId: string;
}

/** containerd.task.v2.StateResponse */
export interface StateResponse {
  id: string;
  bundle: string;
  pid: number;
  status: TaskStatus;
  stdin: string;
  stdout: string;
  stderr: string;
  terminal: boolean;
  exitStatus: number;
  exitedAt: Timestamp | null;
  execId: string;
}

/** containerd.task.v2.KillRequest */
export interface KillRequest {
  id: string;
  execId: string;
  signal: number;
  all: boolean;
}

/** containerd.task.v2.CloseIORequest */
export interface CloseIORequest {
  id: string;
  execId: string;
  stdin: boolean;
}

/** containerd.task.v2.PidsRequest */
export interface PidsRequest {
  id: string;
}

/** containerd.task.v2.PidsResponse */
export interface PidsResponse {
  processes: ProcessInfo[];
}

/** containerd.task.v2.CheckpointTaskRequest */
export interface CheckpointTaskRequest {
  id: string;
  path: string;
  options: Any | null;
}

/** containerd.task.v2.UpdateTaskRequest */
export interface UpdateTaskRequest {
  id: string;
  resources: Any | null;
  annotations: Record<string, string>;
}

/** containerd.task.v2.StartRequest */
export interface StartRequest {
  id: string;
  execId: string;
}

/** containerd.task.v2.StartResponse */
export interface StartResponse {
  pid: number;
}

/** containerd.task.v2.WaitRequest */
export interface WaitRequest {
  id: string;
  execId: string;
}

/** containerd.task.v2.WaitResponse */
export interface WaitResponse {
  exitStatus: number;
  exitedAt: Timestamp | null;
}

/** containerd.task.v2.StatsRequest */
export interface StatsRequest {
  id: string;
}

/** containerd.task.v2.StatsResponse */
export interface StatsResponse {
  stats: Any | null;
}

/** containerd.task.v2.ConnectRequest */
export interface ConnectRequest {
  id: string;
}

/** containerd.task.v2.ConnectResponse */
export interface ConnectResponse {
  shimPid: number;
  taskPid: number;
  version: string;
}

/** containerd.task.v2.ShutdownRequest */
export interface ShutdownRequest {
  id: string;
  now: boolean;
}

/** containerd.task.v2.PauseRequest */
export interface PauseRequest {
  id: string;
}

/** containerd.task.v2.ResumeRequest */
export interface ResumeRequest {
  id: string;
}

/** containerd.v1.types.Status */
export type TaskStatus =
  | 'UNKNOWN'
  | 'CREATED'
  | 'RUNNING'
  | 'STOPPED'
  | 'PAUSED'
  | 'PAUSING'
  // A value that these definitions do not know.
  | number;

/** containerd.v1.types.Process */
export interface TaskProcess {
  containerId: string;
  id: string;
  pid: number;
  status: TaskStatus;
  stdin: string;
  stdout: string;
  stderr: string;
  terminal: boolean;
  exitStatus: number;
  exitedAt: Timestamp | null;
}

/** containerd.v1.types.ProcessInfo */
export interface ProcessInfo {
  pid: number;
  info: Any | null;
}

/** containerd.runc.v1.Options */
export interface RuncOptions {
  noPivotRoot: boolean;
  noNewKeyring: boolean;
  shimCgroup: string;
  ioUid: number;
  ioGid: number;
  binaryName: string;
  root: string;
  systemdCgroup: boolean;
  criuImagePath: string;
  criuWorkPath: string;
  taskApiAddress: string;
  taskApiVersion: number;
}

/** containerd.runc.v1.CheckpointOptions */
export interface RuncCheckpointOptions {
  exit: boolean;
  openTcp: boolean;
  externalUnixSockets: boolean;
  terminal: boolean;
  fileLocks: boolean;
  emptyNamespaces: string[];
  cgroupsMode: string;
  imagePath: string;
  workPath: string;
  parentPath: string;
}

/** containerd.runc.v1.ProcessDetails */
export interface RuncProcessDetails {
  execId: string;
}

/** google.protobuf.Any */
export interface Any {
  type_url: string;
  value: Uint8Array;
}

/** google.protobuf.Timestamp */
export interface Timestamp {
  seconds: bigint;
  nanos: number;
}

/** google.protobuf.Empty */
export type Empty = Record<never, never>;
