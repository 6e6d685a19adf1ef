import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, TtrpcError } from '../../protocol/core/errors.js';
import { TtrpcStatus } from '../../protocol/core/status.js';
import type { ServiceHandlers } from '../../protocol/server/implement.js';
import type { EventPublisher } from '../events.js';
import type { TaskMethods, TaskStatus } from '../generated/messages.js';
import { notePid } from './pid-file.js';
import { ProcessStdio, type StdioPaths } from './process-stdio.js';
import type { OciProcess, OciSpec, ShimContainer, ShimProcess, ShimRunner, StartedProcess } from './runner.js';

/** What a shim's Task service needs. */
export interface TaskServiceOptions {
  readonly namespace: string;
  readonly runner: ShimRunner;
  readonly publisher: Pick<EventPublisher, 'publish'>;
  /** Ends the shim. */
  onShutdown(): void;
}

const NO_TERMINALS = 'this shim has no terminals: run the container without one (ctr: without -t)';

class Task {
  status: TaskStatus = 'CREATED';
  started: StartedProcess | undefined;
  exitStatus = 0;
  exitedAt: Date | undefined;
  stdioFds: ProcessStdio | undefined;
  readonly ended: Promise<void>;
  #end: () => void = () => undefined;

  constructor(
    readonly container: ShimContainer,
    readonly execId: string,
    readonly process: OciProcess,
    readonly stdio: StdioPaths,
    readonly terminal: boolean,
  ) {
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  get pid(): number {
    return this.started?.pid ?? 0;
  }

  exit(status: number): void {
    this.status = 'STOPPED';
    this.exitStatus = status;
    this.exitedAt = new Date();
    this.stdioFds?.close();
    this.#end();
  }
}

/** The handlers of a shim's Task service, version 2 and 3: what happens to the processes of containers, one after another. */
export function taskHandlers(options: TaskServiceOptions): ServiceHandlers<TaskMethods> {
  const { namespace, runner } = options;
  const containers = new Map<string, Task>();
  const execs = new Map<string, Task>();

  const find = ({ id, execId = '' }: { id: string; execId?: string }): Task => {
    const task = execId === '' ? containers.get(id) : execs.get(`${id}/${execId}`);
    if (task) return task;
    throw fail('NOT_FOUND', execId === '' ? `no container ${id}` : `container ${id} has no process ${execId}`);
  };
  const publish = (topic: string, type: string, event: object): void => {
    void options.publisher.publish(`/tasks/${topic}`, `containerd.events.${type}`, event);
  };

  return {
    async create({ id, bundle, stdin, stdout, stderr, terminal, rootfs, checkpoint }) {
      if (containers.has(id)) throw fail('ALREADY_EXISTS', `container ${id} exists already`);
      if (checkpoint !== '') throw fail('UNIMPLEMENTED', 'this shim restores no checkpoints');
      const spec = readSpec(bundle);
      const container = { id, namespace, bundle, spec };
      const task = new Task(container, '', spec.process ?? {}, { stdin, stdout, stderr }, terminal);
      containers.set(id, task);
      try {
        await runner.create?.(container);
      } catch (error) {
        containers.delete(id);
        throw failed(error);
      }
      const io = { stdin, stdout, stderr, terminal };
      publish('create', 'TaskCreate', { containerId: id, bundle, rootfs, io, checkpoint, pid: process.pid });
      // The container has no process yet; some clients take 0 for "no container".
      return { pid: process.pid };
    },

    async start({ id, execId }) {
      const task = find({ id, execId });
      if (task.status !== 'CREATED') throw fail('FAILED_PRECONDITION', `process ${execId || id} was started already`);
      task.status = 'RUNNING';
      let stdio: ProcessStdio | undefined;
      let started: StartedProcess;
      try {
        stdio = task.stdioFds = await ProcessStdio.open(task.stdio);
        const wanted: ShimProcess = { container: task.container, execId, process: task.process, stdio: stdio.fds };
        started = task.started = await runner.start(wanted);
        if (task.terminal && !started.resize) {
          started.kill(9, true);
          throw fail('UNIMPLEMENTED', NO_TERMINALS);
        }
        notePid(task.container.bundle, started.pid);
      } catch (error) {
        stdio?.close();
        task.exit(127);
        throw failed(error);
      }
      stdio.closeFds();
      const { pid } = started;
      if (execId === '') publish('start', 'TaskStart', { containerId: id, pid });
      else publish('exec-started', 'TaskExecStarted', { containerId: id, execId, pid });
      void started.exited.then((exitStatus) => {
        task.exit(exitStatus);
        publish('exit', 'TaskExit', { containerId: id, id: execId || id, pid, exitStatus, exitedAt: task.exitedAt });
      });
      return { pid };
    },

    exec({ id, execId, stdin, stdout, stderr, terminal, spec }) {
      const { container } = find({ id });
      const key = `${id}/${execId}`;
      if (execs.has(key)) throw fail('ALREADY_EXISTS', `container ${id} has a process ${execId} already`);
      let wanted: OciProcess;
      try {
        wanted = JSON.parse(Buffer.from(spec?.value ?? new Uint8Array()).toString()) as OciProcess;
      } catch (cause) {
        throw fail('INVALID_ARGUMENT', `the process of exec ${execId} is not JSON: ${messageOf(cause)}`);
      }
      execs.set(key, new Task(container, execId, wanted, { stdin, stdout, stderr }, terminal));
      publish('exec-added', 'TaskExecAdded', { containerId: id, execId });
    },

    state({ id, execId }) {
      const task = find({ id, execId });
      const { pid, status, exitStatus, exitedAt, terminal, container } = task;
      return { id, bundle: container.bundle, pid, status, ...task.stdio, terminal, exitStatus, exitedAt, execId };
    },

    async wait({ id, execId }) {
      const task = find({ id, execId });
      await task.ended;
      return { exitStatus: task.exitStatus, exitedAt: task.exitedAt };
    },

    kill({ id, execId, signal, all }) {
      const task = find({ id, execId });
      if (task.status === 'STOPPED') throw fail('NOT_FOUND', `process ${execId || id} has finished already`);
      if (!task.started) {
        // Killed before it ran.
        task.exit(128 + signal);
        return;
      }
      try {
        task.started.kill(signal, all);
      } catch (error) {
        if ((error as { code?: string }).code === 'ESRCH') throw fail('NOT_FOUND', 'the process has finished already');
        throw failed(error);
      }
    },

    async delete({ id, execId }) {
      const task = find({ id, execId });
      if (task.status === 'RUNNING' || task.status === 'PAUSED') {
        throw fail('FAILED_PRECONDITION', `process ${execId || id} is still running`);
      }
      const { pid, exitStatus, exitedAt = new Date(), container } = task;
      if (execId === '') {
        containers.delete(id);
        for (const [key, each] of execs) if (each.container === container) execs.delete(key);
        await runner.delete?.(container);
        publish('delete', 'TaskDelete', { containerId: id, pid, exitStatus, exitedAt });
      } else {
        execs.delete(`${id}/${execId}`);
      }
      return { pid, exitStatus, exitedAt };
    },

    pids({ id }) {
      const all = [find({ id }), ...[...execs.values()].filter(({ container }) => container.id === id)];
      return {
        processes: all.filter(({ status }) => status === 'RUNNING' || status === 'PAUSED').map(({ pid }) => ({ pid })),
      };
    },

    closeIO({ id, execId, stdin }) {
      if (stdin) find({ id, execId }).stdioFds?.closeStdin();
    },

    async resizePty({ id, execId, width, height }) {
      const { started } = find({ id, execId });
      if (!started?.resize) throw fail('UNIMPLEMENTED', NO_TERMINALS);
      await started.resize(width, height);
    },

    async pause({ id }) {
      const task = find({ id });
      if (task.status !== 'RUNNING')
        throw fail('FAILED_PRECONDITION', `container ${id} is not running: ${task.status}`);
      const { started } = task;
      if (!started?.pause || !started.resume) throw fail('UNIMPLEMENTED', 'this shim cannot pause containers');
      await started.pause();
      // It may have ended meanwhile.
      if (task.status === 'RUNNING') task.status = 'PAUSED';
      publish('paused', 'TaskPaused', { containerId: id });
    },

    async resume({ id }) {
      const task = find({ id });
      if (task.status !== 'PAUSED') throw fail('FAILED_PRECONDITION', `container ${id} is not paused: ${task.status}`);
      await task.started?.resume?.();
      if (task.status === 'PAUSED') task.status = 'RUNNING';
      publish('resumed', 'TaskResumed', { containerId: id });
    },

    async stats({ id }) {
      const { container } = find({ id });
      if (!runner.stats) throw fail('UNIMPLEMENTED', 'this shim has no statistics of its containers');
      return { stats: await runner.stats(container) };
    },

    async update({ id, resources, annotations }) {
      const { container } = find({ id });
      if (!runner.update) throw fail('UNIMPLEMENTED', 'this shim cannot change the limits of a container');
      if (!resources) throw fail('INVALID_ARGUMENT', `container ${id}: the request has no resources`);
      await runner.update(container, resources, annotations);
    },

    checkpoint() {
      throw fail('UNIMPLEMENTED', 'this shim makes no checkpoints');
    },

    connect({ id }) {
      return { shimPid: process.pid, taskPid: find({ id }).pid };
    },

    shutdown({ now }) {
      if (containers.size > 0 && !now) return;
      options.onShutdown();
    },
  };
}

function readSpec(bundle: string): OciSpec {
  const file = join(bundle, 'config.json');
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as OciSpec;
  } catch (cause) {
    throw fail('INVALID_ARGUMENT', `cannot read the container's specification ${file}: ${messageOf(cause)}`);
  }
}

function fail(code: keyof typeof TtrpcStatus, message: string): TtrpcError {
  return new TtrpcError(TtrpcStatus[code], message);
}

/** containerd shows the text of an error to its user. */
function failed(error: unknown): TtrpcError {
  return error instanceof TtrpcError ? error : new TtrpcError(TtrpcStatus.UNKNOWN, messageOf(error), { cause: error });
}
