// Made by scripts/protos.mjs of the .proto files in proto/nri: do not edit.
import type { Rpc } from '../../schema/message-init.js';

/** The rpcs of nri.pkg.api.v1alpha1.Runtime. */
export type RuntimeMethods = {
  readonly RegisterPlugin: Rpc<RegisterPluginRequest, Empty>;
  readonly UpdateContainers: Rpc<UpdateContainersRequest, UpdateContainersResponse>;
};

/** nri.pkg.api.v1alpha1.RegisterPluginRequest */
export interface RegisterPluginRequest {
  pluginName: string;
  pluginIdx: string;
  NRIVersion: string;
}

/** nri.pkg.api.v1alpha1.UpdateContainersRequest */
export interface UpdateContainersRequest {
  update: ContainerUpdate[];
  evict: ContainerEviction[];
}

/** nri.pkg.api.v1alpha1.UpdateContainersResponse */
export interface UpdateContainersResponse {
  failed: ContainerUpdate[];
}

/** The rpcs of nri.pkg.api.v1alpha1.Plugin. */
export type PluginMethods = {
  readonly Configure: Rpc<ConfigureRequest, ConfigureResponse>;
  readonly Synchronize: Rpc<SynchronizeRequest, SynchronizeResponse>;
  readonly Shutdown: Rpc<Empty, Empty>;
  readonly RunPodSandbox: Rpc<RunPodSandboxRequest, RunPodSandboxResponse>;
  readonly UpdatePodSandbox: Rpc<UpdatePodSandboxRequest, UpdatePodSandboxResponse>;
  readonly PostUpdatePodSandbox: Rpc<PostUpdatePodSandboxRequest, PostUpdatePodSandboxResponse>;
  readonly StopPodSandbox: Rpc<StopPodSandboxRequest, StopPodSandboxResponse>;
  readonly RemovePodSandbox: Rpc<RemovePodSandboxRequest, RemovePodSandboxResponse>;
  readonly CreateContainer: Rpc<CreateContainerRequest, CreateContainerResponse>;
  readonly PostCreateContainer: Rpc<PostCreateContainerRequest, PostCreateContainerResponse>;
  readonly StartContainer: Rpc<StartContainerRequest, StartContainerResponse>;
  readonly PostStartContainer: Rpc<PostStartContainerRequest, PostStartContainerResponse>;
  readonly UpdateContainer: Rpc<UpdateContainerRequest, UpdateContainerResponse>;
  readonly PostUpdateContainer: Rpc<PostUpdateContainerRequest, PostUpdateContainerResponse>;
  readonly StopContainer: Rpc<StopContainerRequest, StopContainerResponse>;
  readonly RemoveContainer: Rpc<RemoveContainerRequest, RemoveContainerResponse>;
  readonly StateChange: Rpc<StateChangeEvent, Empty>;
  readonly ValidateContainerAdjustment: Rpc<ValidateContainerAdjustmentRequest, ValidateContainerAdjustmentResponse>;
};

/** nri.pkg.api.v1alpha1.ConfigureRequest */
export interface ConfigureRequest {
  config: string;
  runtimeName: string;
  runtimeVersion: string;
  registrationTimeout: bigint;
  requestTimeout: bigint;
  NRIVersion: string;
}

/** nri.pkg.api.v1alpha1.ConfigureResponse */
export interface ConfigureResponse {
  events: number;
  failurePolicy: FailurePolicy | null;
}

/** nri.pkg.api.v1alpha1.FailurePolicy */
export interface FailurePolicy {
  failRequest: boolean;
  keepConnected: boolean;
}

/** nri.pkg.api.v1alpha1.SynchronizeRequest */
export interface SynchronizeRequest {
  pods: PodSandbox[];
  containers: Container[];
  more: boolean;
}

/** nri.pkg.api.v1alpha1.SynchronizeResponse */
export interface SynchronizeResponse {
  update: ContainerUpdate[];
  more: boolean;
}

/** nri.pkg.api.v1alpha1.RunPodSandboxRequest */
export interface RunPodSandboxRequest {
  pod: PodSandbox | null;
}

/** nri.pkg.api.v1alpha1.RunPodSandboxResponse */
export type RunPodSandboxResponse = Record<never, never>;

/** nri.pkg.api.v1alpha1.UpdatePodSandboxRequest */
export interface UpdatePodSandboxRequest {
  pod: PodSandbox | null;
  overheadLinuxResources: LinuxResources | null;
  linuxResources: LinuxResources | null;
}

/** nri.pkg.api.v1alpha1.UpdatePodSandboxResponse */
export type UpdatePodSandboxResponse = Record<never, never>;

/** nri.pkg.api.v1alpha1.PostUpdatePodSandboxRequest */
export interface PostUpdatePodSandboxRequest {
  pod: PodSandbox | null;
}

/** nri.pkg.api.v1alpha1.PostUpdatePodSandboxResponse */
export type PostUpdatePodSandboxResponse = Record<never, never>;

/** nri.pkg.api.v1alpha1.StopPodSandboxRequest */
export interface StopPodSandboxRequest {
  pod: PodSandbox | null;
}

/** nri.pkg.api.v1alpha1.StopPodSandboxResponse */
export type StopPodSandboxResponse = Record<never, never>;

/** nri.pkg.api.v1alpha1.RemovePodSandboxRequest */
export interface RemovePodSandboxRequest {
  pod: PodSandbox | null;
}

/** nri.pkg.api.v1alpha1.RemovePodSandboxResponse */
export type RemovePodSandboxResponse = Record<never, never>;

/** nri.pkg.api.v1alpha1.CreateContainerRequest */
export interface CreateContainerRequest {
  pod: PodSandbox | null;
  container: Container | null;
}

/** nri.pkg.api.v1alpha1.CreateContainerResponse */
export interface CreateContainerResponse {
  adjust: ContainerAdjustment | null;
  update: ContainerUpdate[];
  evict: ContainerEviction[];
}

/** nri.pkg.api.v1alpha1.PostCreateContainerRequest */
export interface PostCreateContainerRequest {
  pod: PodSandbox | null;
  container: Container | null;
}

/** nri.pkg.api.v1alpha1.PostCreateContainerResponse */
export type PostCreateContainerResponse = Record<never, never>;

/** nri.pkg.api.v1alpha1.StartContainerRequest */
export interface StartContainerRequest {
  pod: PodSandbox | null;
  container: Container | null;
}

/** nri.pkg.api.v1alpha1.StartContainerResponse */
export type StartContainerResponse = Record<never, never>;

/** nri.pkg.api.v1alpha1.PostStartContainerRequest */
export interface PostStartContainerRequest {
  pod: PodSandbox | null;
  container: Container | null;
}

/** nri.pkg.api.v1alpha1.PostStartContainerResponse */
export type PostStartContainerResponse = Record<never, never>;

/** nri.pkg.api.v1alpha1.UpdateContainerRequest */
export interface UpdateContainerRequest {
  pod: PodSandbox | null;
  container: Container | null;
  linuxResources: LinuxResources | null;
}

/** nri.pkg.api.v1alpha1.UpdateContainerResponse */
export interface UpdateContainerResponse {
  update: ContainerUpdate[];
  evict: ContainerEviction[];
}

/** nri.pkg.api.v1alpha1.PostUpdateContainerRequest */
export interface PostUpdateContainerRequest {
  pod: PodSandbox | null;
  container: Container | null;
}

/** nri.pkg.api.v1alpha1.PostUpdateContainerResponse */
export type PostUpdateContainerResponse = Record<never, never>;

/** nri.pkg.api.v1alpha1.StopContainerRequest */
export interface StopContainerRequest {
  pod: PodSandbox | null;
  container: Container | null;
}

/** nri.pkg.api.v1alpha1.StopContainerResponse */
export interface StopContainerResponse {
  update: ContainerUpdate[];
}

/** nri.pkg.api.v1alpha1.RemoveContainerRequest */
export interface RemoveContainerRequest {
  pod: PodSandbox | null;
  container: Container | null;
}

/** nri.pkg.api.v1alpha1.RemoveContainerResponse */
export type RemoveContainerResponse = Record<never, never>;

/** nri.pkg.api.v1alpha1.StateChangeEvent */
export interface StateChangeEvent {
  event: Event;
  pod: PodSandbox | null;
  container: Container | null;
}

/** nri.pkg.api.v1alpha1.ValidateContainerAdjustmentRequest */
export interface ValidateContainerAdjustmentRequest {
  pod: PodSandbox | null;
  container: Container | null;
  adjust: ContainerAdjustment | null;
  update: ContainerUpdate[];
  owners: OwningPlugins | null;
  plugins: PluginInstance[];
}

/** nri.pkg.api.v1alpha1.PluginInstance */
export interface PluginInstance {
  name: string;
  index: string;
}

/** nri.pkg.api.v1alpha1.ValidateContainerAdjustmentResponse */
export interface ValidateContainerAdjustmentResponse {
  reject: boolean;
  reason: string;
}

/** nri.pkg.api.v1alpha1.Empty */
export type Empty = Record<never, never>;

/** nri.pkg.api.v1alpha1.Event */
export type Event =
  | 'UNKNOWN'
  | 'RUN_POD_SANDBOX'
  | 'STOP_POD_SANDBOX'
  | 'REMOVE_POD_SANDBOX'
  | 'CREATE_CONTAINER'
  | 'POST_CREATE_CONTAINER'
  | 'START_CONTAINER'
  | 'POST_START_CONTAINER'
  | 'UPDATE_CONTAINER'
  | 'POST_UPDATE_CONTAINER'
  | 'STOP_CONTAINER'
  | 'REMOVE_CONTAINER'
  | 'UPDATE_POD_SANDBOX'
  | 'POST_UPDATE_POD_SANDBOX'
  | 'VALIDATE_CONTAINER_ADJUSTMENT'
  | 'LAST'
  // A value that these definitions do not know.
  | number;

/** nri.pkg.api.v1alpha1.PodSandbox */
export interface PodSandbox {
  id: string;
  name: string;
  uid: string;
  namespace: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  runtimeHandler: string;
  linux: LinuxPodSandbox | null;
  pid: number;
  ips: string[];
}

/** nri.pkg.api.v1alpha1.LinuxPodSandbox */
export interface LinuxPodSandbox {
  podOverhead: LinuxResources | null;
  podResources: LinuxResources | null;
  cgroupParent: string;
  cgroupsPath: string;
  namespaces: LinuxNamespace[];
  resources: LinuxResources | null;
}

/** nri.pkg.api.v1alpha1.Container */
export interface Container {
  id: string;
  podSandboxId: string;
  name: string;
  state: ContainerState;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  args: string[];
  env: string[];
  mounts: Mount[];
  hooks: Hooks | null;
  linux: LinuxContainer | null;
  pid: number;
  rlimits: POSIXRlimit[];
  createdAt: bigint;
  startedAt: bigint;
  finishedAt: bigint;
  exitCode: number;
  statusReason: string;
  statusMessage: string;
  CDIDevices: CDIDevice[];
  user: User | null;
  image: Image | null;
}

/** nri.pkg.api.v1alpha1.Image */
export interface Image {
  name: string;
  digest: string;
  configDigest: string;
}

/** nri.pkg.api.v1alpha1.ContainerState */
export type ContainerState =
  | 'CONTAINER_UNKNOWN'
  | 'CONTAINER_CREATED'
  | 'CONTAINER_PAUSED'
  | 'CONTAINER_RUNNING'
  | 'CONTAINER_STOPPED'
  // A value that these definitions do not know.
  | number;

/** nri.pkg.api.v1alpha1.Mount */
export interface Mount {
  destination: string;
  type: string;
  source: string;
  options: string[];
}

/** nri.pkg.api.v1alpha1.Hooks */
export interface Hooks {
  prestart: Hook[];
  createRuntime: Hook[];
  createContainer: Hook[];
  startContainer: Hook[];
  poststart: Hook[];
  poststop: Hook[];
}

/** nri.pkg.api.v1alpha1.Hook */
export interface Hook {
  path: string;
  args: string[];
  env: string[];
  timeout: OptionalInt | null;
}

/** nri.pkg.api.v1alpha1.LinuxContainer */
export interface LinuxContainer {
  namespaces: LinuxNamespace[];
  devices: LinuxDevice[];
  resources: LinuxResources | null;
  oomScoreAdj: OptionalInt | null;
  cgroupsPath: string;
  ioPriority: LinuxIOPriority | null;
  seccompProfile: SecurityProfile | null;
  seccompPolicy: LinuxSeccomp | null;
  sysctl: Record<string, string>;
  netDevices: Record<string, LinuxNetDevice>;
  scheduler: LinuxScheduler | null;
  rdt: LinuxRdt | null;
}

/** nri.pkg.api.v1alpha1.LinuxNamespace */
export interface LinuxNamespace {
  type: string;
  path: string;
}

/** nri.pkg.api.v1alpha1.LinuxDevice */
export interface LinuxDevice {
  path: string;
  type: string;
  major: bigint;
  minor: bigint;
  fileMode: OptionalFileMode | null;
  uid: OptionalUInt32 | null;
  gid: OptionalUInt32 | null;
}

/** nri.pkg.api.v1alpha1.LinuxDeviceCgroup */
export interface LinuxDeviceCgroup {
  allow: boolean;
  type: string;
  major: OptionalInt64 | null;
  minor: OptionalInt64 | null;
  access: string;
}

/** nri.pkg.api.v1alpha1.CDIDevice */
export interface CDIDevice {
  name: string;
}

/** nri.pkg.api.v1alpha1.User */
export interface User {
  uid: number;
  gid: number;
  additionalGids: number[];
}

/** nri.pkg.api.v1alpha1.LinuxResources */
export interface LinuxResources {
  memory: LinuxMemory | null;
  cpu: LinuxCPU | null;
  hugepageLimits: HugepageLimit[];
  blockioClass: OptionalString | null;
  rdtClass: OptionalString | null;
  unified: Record<string, string>;
  devices: LinuxDeviceCgroup[];
  pids: LinuxPids | null;
}

/** nri.pkg.api.v1alpha1.LinuxMemory */
export interface LinuxMemory {
  limit: OptionalInt64 | null;
  reservation: OptionalInt64 | null;
  swap: OptionalInt64 | null;
  kernel: OptionalInt64 | null;
  kernelTcp: OptionalInt64 | null;
  swappiness: OptionalUInt64 | null;
  disableOomKiller: OptionalBool | null;
  useHierarchy: OptionalBool | null;
}

/** nri.pkg.api.v1alpha1.LinuxCPU */
export interface LinuxCPU {
  shares: OptionalUInt64 | null;
  quota: OptionalInt64 | null;
  period: OptionalUInt64 | null;
  realtimeRuntime: OptionalInt64 | null;
  realtimePeriod: OptionalUInt64 | null;
  cpus: string;
  mems: string;
}

/** nri.pkg.api.v1alpha1.HugepageLimit */
export interface HugepageLimit {
  pageSize: string;
  limit: bigint;
}

/** nri.pkg.api.v1alpha1.SecurityProfile */
export interface SecurityProfile {
  profileType: SecurityProfileProfileType;
  localhostRef: string;
}

/** nri.pkg.api.v1alpha1.SecurityProfile.ProfileType */
export type SecurityProfileProfileType =
  | 'RUNTIME_DEFAULT'
  | 'UNCONFINED'
  | 'LOCALHOST'
  // A value that these definitions do not know.
  | number;

/** nri.pkg.api.v1alpha1.POSIXRlimit */
export interface POSIXRlimit {
  type: string;
  hard: bigint;
  soft: bigint;
}

/** nri.pkg.api.v1alpha1.LinuxPids */
export interface LinuxPids {
  limit: bigint;
}

/** nri.pkg.api.v1alpha1.LinuxIOPriority */
export interface LinuxIOPriority {
  class: IOPrioClass;
  priority: number;
}

/** nri.pkg.api.v1alpha1.IOPrioClass */
export type IOPrioClass =
  | 'IOPRIO_CLASS_NONE'
  | 'IOPRIO_CLASS_RT'
  | 'IOPRIO_CLASS_BE'
  | 'IOPRIO_CLASS_IDLE'
  // A value that these definitions do not know.
  | number;

/** nri.pkg.api.v1alpha1.LinuxNetDevice */
export interface LinuxNetDevice {
  name: string;
}

/** nri.pkg.api.v1alpha1.LinuxScheduler */
export interface LinuxScheduler {
  policy: LinuxSchedulerPolicy;
  nice: number;
  priority: number;
  flags: LinuxSchedulerFlag[];
  runtime: bigint;
  deadline: bigint;
  period: bigint;
}

/** nri.pkg.api.v1alpha1.LinuxSchedulerPolicy */
export type LinuxSchedulerPolicy =
  | 'SCHED_NONE'
  | 'SCHED_OTHER'
  | 'SCHED_FIFO'
  | 'SCHED_RR'
  | 'SCHED_BATCH'
  | 'SCHED_ISO'
  | 'SCHED_IDLE'
  | 'SCHED_DEADLINE'
  // A value that these definitions do not know.
  | number;

/** nri.pkg.api.v1alpha1.LinuxSchedulerFlag */
export type LinuxSchedulerFlag =
  | 'SCHED_FLAG_RESET_ON_FORK'
  | 'SCHED_FLAG_RECLAIM'
  | 'SCHED_FLAG_DL_OVERRUN'
  | 'SCHED_FLAG_KEEP_POLICY'
  | 'SCHED_FLAG_KEEP_PARAMS'
  | 'SCHED_FLAG_UTIL_CLAMP_MIN'
  | 'SCHED_FLAG_UTIL_CLAMP_MAX'
  // A value that these definitions do not know.
  | number;

/** nri.pkg.api.v1alpha1.ContainerAdjustment */
export interface ContainerAdjustment {
  annotations: Record<string, string>;
  mounts: Mount[];
  env: KeyValue[];
  hooks: Hooks | null;
  linux: LinuxContainerAdjustment | null;
  rlimits: POSIXRlimit[];
  CDIDevices: CDIDevice[];
  args: string[];
}

/** nri.pkg.api.v1alpha1.LinuxContainerAdjustment */
export interface LinuxContainerAdjustment {
  devices: LinuxDevice[];
  resources: LinuxResources | null;
  cgroupsPath: string;
  oomScoreAdj: OptionalInt | null;
  ioPriority: LinuxIOPriority | null;
  seccompPolicy: LinuxSeccomp | null;
  namespaces: LinuxNamespace[];
  sysctl: Record<string, string>;
  netDevices: Record<string, LinuxNetDevice>;
  scheduler: LinuxScheduler | null;
  rdt: LinuxRdt | null;
  memoryPolicy: LinuxMemoryPolicy | null;
}

/** nri.pkg.api.v1alpha1.LinuxSeccomp */
export interface LinuxSeccomp {
  defaultAction: string;
  defaultErrno: OptionalUInt32 | null;
  architectures: string[];
  flags: string[];
  listenerPath: string;
  listenerMetadata: string;
  syscalls: LinuxSyscall[];
}

/** nri.pkg.api.v1alpha1.LinuxSyscall */
export interface LinuxSyscall {
  names: string[];
  action: string;
  errnoRet: OptionalUInt32 | null;
  args: LinuxSeccompArg[];
}

/** nri.pkg.api.v1alpha1.LinuxSeccompArg */
export interface LinuxSeccompArg {
  index: number;
  value: bigint;
  valueTwo: bigint;
  op: string;
}

/** nri.pkg.api.v1alpha1.LinuxMemoryPolicy */
export interface LinuxMemoryPolicy {
  mode: MpolMode;
  nodes: string;
  flags: MpolFlag[];
}

/** nri.pkg.api.v1alpha1.MpolMode */
export type MpolMode =
  | 'MPOL_DEFAULT'
  | 'MPOL_PREFERRED'
  | 'MPOL_BIND'
  | 'MPOL_INTERLEAVE'
  | 'MPOL_LOCAL'
  | 'MPOL_PREFERRED_MANY'
  | 'MPOL_WEIGHTED_INTERLEAVE'
  // A value that these definitions do not know.
  | number;

/** nri.pkg.api.v1alpha1.MpolFlag */
export type MpolFlag =
  | 'MPOL_F_STATIC_NODES'
  | 'MPOL_F_RELATIVE_NODES'
  | 'MPOL_F_NUMA_BALANCING'
  // A value that these definitions do not know.
  | number;

/** nri.pkg.api.v1alpha1.ContainerUpdate */
export interface ContainerUpdate {
  containerId: string;
  linux: LinuxContainerUpdate | null;
  ignoreFailure: boolean;
}

/** nri.pkg.api.v1alpha1.LinuxContainerUpdate */
export interface LinuxContainerUpdate {
  resources: LinuxResources | null;
}

/** nri.pkg.api.v1alpha1.ContainerEviction */
export interface ContainerEviction {
  containerId: string;
  reason: string;
}

/** nri.pkg.api.v1alpha1.LinuxRdt */
export interface LinuxRdt {
  closId: OptionalString | null;
  schemata: OptionalRepeatedString | null;
  enableMonitoring: OptionalBool | null;
  remove: boolean;
}

/** nri.pkg.api.v1alpha1.KeyValue */
export interface KeyValue {
  key: string;
  value: string;
}

/** nri.pkg.api.v1alpha1.OptionalString */
export interface OptionalString {
  value: string;
}

/** nri.pkg.api.v1alpha1.OptionalRepeatedString */
export interface OptionalRepeatedString {
  value: string[];
}

/** nri.pkg.api.v1alpha1.OptionalInt */
export interface OptionalInt {
  value: bigint;
}

/** nri.pkg.api.v1alpha1.OptionalInt32 */
export interface OptionalInt32 {
  value: number;
}

/** nri.pkg.api.v1alpha1.OptionalUInt32 */
export interface OptionalUInt32 {
  value: number;
}

/** nri.pkg.api.v1alpha1.OptionalInt64 */
export interface OptionalInt64 {
  value: bigint;
}

/** nri.pkg.api.v1alpha1.OptionalUInt64 */
export interface OptionalUInt64 {
  value: bigint;
}

/** nri.pkg.api.v1alpha1.OptionalBool */
export interface OptionalBool {
  value: boolean;
}

/** nri.pkg.api.v1alpha1.OptionalFileMode */
export interface OptionalFileMode {
  value: number;
}

/** nri.pkg.api.v1alpha1.CompoundFieldOwners */
export interface CompoundFieldOwners {
  owners: Record<string, string>;
}

/** nri.pkg.api.v1alpha1.FieldOwners */
export interface FieldOwners {
  simple: Record<string, string>;
  compound: Record<string, CompoundFieldOwners>;
}

/** nri.pkg.api.v1alpha1.OwningPlugins */
export interface OwningPlugins {
  owners: Record<string, FieldOwners>;
}

/** nri.pkg.api.v1alpha1.Field */
export type Field =
  | 'None'
  | 'Annotations'
  | 'Mounts'
  | 'OciHooks'
  | 'Devices'
  | 'CdiDevices'
  | 'Env'
  | 'Args'
  | 'MemLimit'
  | 'MemReservation'
  | 'MemSwapLimit'
  | 'MemKernelLimit'
  | 'MemTCPLimit'
  | 'MemSwappiness'
  | 'MemDisableOomKiller'
  | 'MemUseHierarchy'
  | 'CPUShares'
  | 'CPUQuota'
  | 'CPUPeriod'
  | 'CPURealtimeRuntime'
  | 'CPURealtimePeriod'
  | 'CPUSetCPUs'
  | 'CPUSetMems'
  | 'PidsLimit'
  | 'HugepageLimits'
  | 'BlockioClass'
  | 'RdtClass'
  | 'CgroupsUnified'
  | 'CgroupsPath'
  | 'OomScoreAdj'
  | 'Rlimits'
  | 'IoPriority'
  | 'SeccompPolicy'
  | 'Namespace'
  | 'Sysctl'
  | 'LinuxNetDevices'
  | 'LinuxSched'
  | 'RdtClosID'
  | 'RdtSchemata'
  | 'RdtEnableMonitoring'
  | 'MemoryPolicy'
  // A value that these definitions do not know.
  | number;
