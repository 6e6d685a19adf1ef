import type {
  ContainerCreate,
  ContainerDelete,
  ContainerUpdate,
  ContentCreate,
  ContentDelete,
  ImageCreate,
  ImageDelete,
  ImageUpdate,
  NamespaceCreate,
  NamespaceDelete,
  NamespaceUpdate,
  SandboxCreate,
  SandboxExit,
  SandboxStart,
  SnapshotCommit,
  SnapshotPrepare,
  SnapshotRemove,
  TaskCheckpointed,
  TaskCreate,
  TaskDelete,
  TaskExecAdded,
  TaskExecStarted,
  TaskExit,
  TaskOOM,
  TaskPaused,
  TaskResumed,
  TaskStart,
} from './generated/messages.js';

/** containerd's events by the names of their types. */
export interface ContainerdEventTypes {
  'containerd.events.ContainerCreate': ContainerCreate;
  'containerd.events.ContainerUpdate': ContainerUpdate;
  'containerd.events.ContainerDelete': ContainerDelete;
  'containerd.events.ContentCreate': ContentCreate;
  'containerd.events.ContentDelete': ContentDelete;
  'containerd.events.NamespaceCreate': NamespaceCreate;
  'containerd.events.NamespaceUpdate': NamespaceUpdate;
  'containerd.events.NamespaceDelete': NamespaceDelete;
  'containerd.events.SandboxCreate': SandboxCreate;
  'containerd.events.SandboxStart': SandboxStart;
  'containerd.events.SandboxExit': SandboxExit;
  'containerd.events.SnapshotPrepare': SnapshotPrepare;
  'containerd.events.SnapshotCommit': SnapshotCommit;
  'containerd.events.SnapshotRemove': SnapshotRemove;
  'containerd.events.TaskCreate': TaskCreate;
  'containerd.events.TaskStart': TaskStart;
  'containerd.events.TaskDelete': TaskDelete;
  'containerd.events.TaskExit': TaskExit;
  'containerd.events.TaskOOM': TaskOOM;
  'containerd.events.TaskExecAdded': TaskExecAdded;
  'containerd.events.TaskExecStarted': TaskExecStarted;
  'containerd.events.TaskPaused': TaskPaused;
  'containerd.events.TaskResumed': TaskResumed;
  'containerd.events.TaskCheckpointed': TaskCheckpointed;
  'containerd.services.images.v1.ImageCreate': ImageCreate;
  'containerd.services.images.v1.ImageUpdate': ImageUpdate;
  'containerd.services.images.v1.ImageDelete': ImageDelete;
}
