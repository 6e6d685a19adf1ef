package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	eventstypes "github.com/containerd/containerd/api/events"
	taskapi "github.com/containerd/containerd/api/runtime/task/v3"
	tasktypes "github.com/containerd/containerd/api/types/task"
	"github.com/containerd/containerd/v2/core/events"
	"github.com/containerd/containerd/v2/pkg/shim"
	"github.com/containerd/containerd/v2/pkg/shutdown"
	"github.com/containerd/containerd/v2/plugins"
	"github.com/containerd/errdefs"
	"github.com/containerd/plugin"
	"github.com/containerd/plugin/registry"
	"github.com/containerd/ttrpc"
	"github.com/opencontainers/runtime-spec/specs-go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func init() {
	registry.Register(&plugin.Registration{
		Type:     plugins.TTRPCPlugin,
		ID:       "task",
		Requires: []plugin.Type{plugins.EventPlugin, plugins.InternalPlugin},
		InitFn: func(ic *plugin.InitContext) (any, error) {
			publisher, err := ic.GetByID(plugins.EventPlugin, "publisher")
			if err != nil {
				return nil, err
			}
			end, err := ic.GetByID(plugins.InternalPlugin, "shutdown")
			if err != nil {
				return nil, err
			}
			return &service{
				ctx: ic.Context, publisher: publisher.(shim.Publisher), end: end.(shutdown.Service), tasks: map[string]*task{},
			}, nil
		},
	})
}

type task struct {
	bundle                string
	spec                  *specs.Process
	stdin, stdout, stderr string
	cmd                   *exec.Cmd
	status                tasktypes.Status
	exitStatus            uint32
	exitedAt              time.Time
	hold                  *os.File
	ended                 chan struct{}
}

func (t *task) pid() uint32 {
	if t.cmd == nil {
		return 0
	}
	return uint32(t.cmd.Process.Pid)
}

type service struct {
	ctx       context.Context
	publisher shim.Publisher
	end       shutdown.Service
	lock      sync.Mutex
	tasks     map[string]*task
}

func (s *service) RegisterTTRPC(server *ttrpc.Server) error {
	taskapi.RegisterTTRPCTaskService(server, s)
	return nil
}

func (s *service) publish(topic string, event events.Event) {
	_ = s.publisher.Publish(s.ctx, topic, event)
}

func key(id, execID string) string { return id + "/" + execID }

// find gives a task with the lock held.
func (s *service) find(id, execID string) (*task, error) {
	if t := s.tasks[key(id, execID)]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("no process %s: %w", key(id, execID), errdefs.ErrNotFound)
}

func (s *service) Create(_ context.Context, r *taskapi.CreateTaskRequest) (*taskapi.CreateTaskResponse, error) {
	text, err := os.ReadFile(filepath.Join(r.Bundle, "config.json"))
	if err != nil {
		return nil, err
	}
	var spec specs.Spec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.tasks[key(r.ID, "")] != nil {
		return nil, fmt.Errorf("container %s: %w", r.ID, errdefs.ErrAlreadyExists)
	}
	s.tasks[key(r.ID, "")] = &task{
		bundle: r.Bundle, spec: spec.Process, stdin: r.Stdin, stdout: r.Stdout, stderr: r.Stderr,
		status: tasktypes.Status_CREATED, ended: make(chan struct{}),
	}
	s.publish("/tasks/create", &eventstypes.TaskCreate{ContainerID: r.ID, Bundle: r.Bundle, Pid: uint32(os.Getpid())})
	return &taskapi.CreateTaskResponse{Pid: uint32(os.Getpid())}, nil
}

func (s *service) Exec(_ context.Context, r *taskapi.ExecProcessRequest) (*emptypb.Empty, error) {
	var spec specs.Process
	if err := json.Unmarshal(r.Spec.GetValue(), &spec); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	container, err := s.find(r.ID, "")
	if err != nil {
		return nil, err
	}
	s.tasks[key(r.ID, r.ExecID)] = &task{
		bundle: container.bundle, spec: &spec, stdin: r.Stdin, stdout: r.Stdout, stderr: r.Stderr,
		status: tasktypes.Status_CREATED, ended: make(chan struct{}),
	}
	s.publish("/tasks/exec-added", &eventstypes.TaskExecAdded{ContainerID: r.ID, ExecID: r.ExecID})
	return &emptypb.Empty{}, nil
}

func (s *service) Start(_ context.Context, r *taskapi.StartRequest) (*taskapi.StartResponse, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	t, err := s.find(r.ID, r.ExecID)
	if err != nil {
		return nil, err
	}
	if err := t.start(); err != nil {
		t.status, t.exitStatus, t.exitedAt = tasktypes.Status_STOPPED, 127, time.Now()
		close(t.ended)
		return nil, err
	}
	if r.ExecID == "" {
		s.publish("/tasks/start", &eventstypes.TaskStart{ContainerID: r.ID, Pid: t.pid()})
	} else {
		s.publish("/tasks/exec-started", &eventstypes.TaskExecStarted{ContainerID: r.ID, ExecID: r.ExecID, Pid: t.pid()})
	}
	go s.wait(t, r.ID, r.ExecID)
	return &taskapi.StartResponse{Pid: t.pid()}, nil
}

func (t *task) start() error {
	var files []*os.File
	defer func() {
		for _, file := range files {
			file.Close()
		}
	}()
	open := func(path string, flags int) (*os.File, error) {
		if path == "" {
			return nil, nil
		}
		file, err := os.OpenFile(path, flags, 0)
		if err == nil {
			files = append(files, file)
		}
		return file, err
	}
	if len(t.spec.Args) == 0 {
		return fmt.Errorf("no command: %w", errdefs.ErrInvalidArgument)
	}
	cmd := exec.Command(t.spec.Args[0], t.spec.Args[1:]...)
	cmd.Env = t.spec.Env
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if t.stdin != "" {
		// Open until CloseIO: clients open and close their end at will.
		hold, err := os.OpenFile(t.stdin, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		t.hold = hold
	}
	// A nil *os.File in an interface is not nil.
	if file, err := open(t.stdin, os.O_RDONLY); err != nil {
		return err
	} else if file != nil {
		cmd.Stdin = file
	}
	if file, err := open(t.stdout, os.O_WRONLY); err != nil {
		return err
	} else if file != nil {
		cmd.Stdout = file
	}
	if file, err := open(t.stderr, os.O_WRONLY); err != nil {
		return err
	} else if file != nil {
		cmd.Stderr = file
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	t.cmd, t.status = cmd, tasktypes.Status_RUNNING
	return notePid(t.bundle, cmd.Process.Pid)
}

func (s *service) wait(t *task, id, execID string) {
	_ = t.cmd.Wait()
	s.lock.Lock()
	defer s.lock.Unlock()
	state := t.cmd.ProcessState
	t.exitStatus = uint32(state.ExitCode())
	if status := state.Sys().(syscall.WaitStatus); status.Signaled() {
		t.exitStatus = 128 + uint32(status.Signal())
	}
	t.status, t.exitedAt = tasktypes.Status_STOPPED, time.Now()
	if t.hold != nil {
		t.hold.Close()
	}
	close(t.ended)
	process := execID
	if process == "" {
		process = id
	}
	s.publish("/tasks/exit", &eventstypes.TaskExit{
		ContainerID: id, ID: process, Pid: t.pid(), ExitStatus: t.exitStatus, ExitedAt: timestamppb.New(t.exitedAt),
	})
}

func (s *service) State(_ context.Context, r *taskapi.StateRequest) (*taskapi.StateResponse, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	t, err := s.find(r.ID, r.ExecID)
	if err != nil {
		return nil, err
	}
	return &taskapi.StateResponse{
		ID: r.ID, ExecID: r.ExecID, Bundle: t.bundle, Pid: t.pid(), Status: t.status, Stdin: t.stdin, Stdout: t.stdout,
		Stderr: t.stderr, ExitStatus: t.exitStatus, ExitedAt: timestamppb.New(t.exitedAt),
	}, nil
}

func (s *service) Wait(ctx context.Context, r *taskapi.WaitRequest) (*taskapi.WaitResponse, error) {
	s.lock.Lock()
	t, err := s.find(r.ID, r.ExecID)
	s.lock.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case <-t.ended:
		return &taskapi.WaitResponse{ExitStatus: t.exitStatus, ExitedAt: timestamppb.New(t.exitedAt)}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *service) Kill(_ context.Context, r *taskapi.KillRequest) (*emptypb.Empty, error) {
	return s.signal(r.ID, r.ExecID, syscall.Signal(r.Signal), r.All)
}

func (s *service) Pause(_ context.Context, r *taskapi.PauseRequest) (*emptypb.Empty, error) {
	return s.signal(r.ID, "", syscall.SIGSTOP, true)
}

func (s *service) Resume(_ context.Context, r *taskapi.ResumeRequest) (*emptypb.Empty, error) {
	return s.signal(r.ID, "", syscall.SIGCONT, true)
}

func (s *service) signal(id, execID string, signal syscall.Signal, all bool) (*emptypb.Empty, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	t, err := s.find(id, execID)
	if err != nil {
		return nil, err
	}
	if t.status == tasktypes.Status_STOPPED || t.cmd == nil {
		return nil, fmt.Errorf("process %s does not run: %w", key(id, execID), errdefs.ErrNotFound)
	}
	pid := int(t.pid())
	if all {
		pid = -pid
	}
	return &emptypb.Empty{}, syscall.Kill(pid, signal)
}

func (s *service) Delete(_ context.Context, r *taskapi.DeleteRequest) (*taskapi.DeleteResponse, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	t, err := s.find(r.ID, r.ExecID)
	if err != nil {
		return nil, err
	}
	if t.status == tasktypes.Status_RUNNING {
		return nil, fmt.Errorf("process %s runs: %w", key(r.ID, r.ExecID), errdefs.ErrFailedPrecondition)
	}
	delete(s.tasks, key(r.ID, r.ExecID))
	at := timestamppb.New(t.exitedAt)
	if r.ExecID == "" {
		s.publish("/tasks/delete", &eventstypes.TaskDelete{ContainerID: r.ID, Pid: t.pid(), ExitStatus: t.exitStatus, ExitedAt: at})
	}
	return &taskapi.DeleteResponse{Pid: t.pid(), ExitStatus: t.exitStatus, ExitedAt: at}, nil
}

func (s *service) Pids(_ context.Context, r *taskapi.PidsRequest) (*taskapi.PidsResponse, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	t, err := s.find(r.ID, "")
	if err != nil {
		return nil, err
	}
	return &taskapi.PidsResponse{Processes: []*tasktypes.ProcessInfo{{Pid: t.pid()}}}, nil
}

func (s *service) CloseIO(_ context.Context, r *taskapi.CloseIORequest) (*emptypb.Empty, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	t, err := s.find(r.ID, r.ExecID)
	if err == nil && r.Stdin && t.hold != nil {
		t.hold.Close()
	}
	return &emptypb.Empty{}, err
}

func (s *service) Connect(_ context.Context, r *taskapi.ConnectRequest) (*taskapi.ConnectResponse, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	response := &taskapi.ConnectResponse{ShimPid: uint32(os.Getpid())}
	if t := s.tasks[key(r.ID, "")]; t != nil {
		response.TaskPid = t.pid()
	}
	return response, nil
}

func (s *service) Shutdown(_ context.Context, r *taskapi.ShutdownRequest) (*emptypb.Empty, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if len(s.tasks) == 0 || r.Now {
		s.end.Shutdown()
	}
	return &emptypb.Empty{}, nil
}

func (s *service) Checkpoint(context.Context, *taskapi.CheckpointTaskRequest) (*emptypb.Empty, error) {
	return nil, errdefs.ErrNotImplemented
}

func (s *service) ResizePty(context.Context, *taskapi.ResizePtyRequest) (*emptypb.Empty, error) {
	return nil, errdefs.ErrNotImplemented
}

func (s *service) Update(context.Context, *taskapi.UpdateTaskRequest) (*emptypb.Empty, error) {
	return nil, errdefs.ErrNotImplemented
}

func (s *service) Stats(context.Context, *taskapi.StatsRequest) (*taskapi.StatsResponse, error) {
	return nil, errdefs.ErrNotImplemented
}
