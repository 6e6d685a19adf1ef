// sample/shim in Go, on containerd's own package for shims: the processes of containers are plain processes.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	bootapi "github.com/containerd/containerd/api/runtime/bootstrap/v1"
	"github.com/containerd/containerd/api/types"
	"github.com/containerd/containerd/v2/pkg/shim"
)

const (
	name    = "io.containerd.plain.v1"
	pidFile = "init.pid"
)

func main() {
	// The processes are waited for one by one.
	shim.RunShim(context.Background(), manager{}, func(config *shim.Config) {
		config.NoReaper = true
		config.NoSubreaper = true
	})
}

type manager struct{}

func (manager) Name() string { return name }

// Start leaves a process behind that serves the Task service.
func (manager) Start(ctx context.Context, params *bootapi.BootstrapParams) (*bootapi.BootstrapResult, error) {
	address, err := shim.CreateSocketAddress(ctx, params.GetSocketDir(), params.GetContainerdGrpcAddress(), params.GetInstanceID(), false)
	if err != nil {
		return nil, err
	}
	if !shim.CanConnect(address) {
		_ = shim.RemoveSocket(address)
	}
	socket, err := shim.NewSocket(address)
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	file, err := socket.File()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-namespace", params.GetNamespace(), "-id", params.GetInstanceID(), "-address", params.GetContainerdGrpcAddress())
	cmd.Env = append(os.Environ(), "TTRPC_ADDRESS="+params.GetContainerdTtrpcAddress())
	cmd.ExtraFiles = []*os.File{file}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if err := os.WriteFile("address", []byte(address), 0o600); err != nil {
		return nil, err
	}
	// The socket is the other process's now.
	socket.SetUnlinkOnClose(false)
	return &bootapi.BootstrapResult{Version: 3, Address: address, Protocol: "ttrpc"}, nil
}

// Stop ends what a crash of the shim has left.
func (manager) Stop(ctx context.Context, id string) (shim.StopStatus, error) {
	bundle := ctx.Value(shim.OptsKey{}).(shim.Opts).BundlePath
	status := shim.StopStatus{ExitStatus: 128 + int(syscall.SIGKILL), ExitedAt: time.Now()}
	if text, err := os.ReadFile(filepath.Join(bundle, pidFile)); err == nil {
		status.Pid, _ = strconv.Atoi(string(text))
		_ = syscall.Kill(-status.Pid, syscall.SIGKILL)
	}
	if address, err := os.ReadFile(filepath.Join(bundle, "address")); err == nil {
		_ = shim.RemoveSocket(string(address))
	}
	return status, nil
}

func (manager) Info(context.Context, io.Reader) (*types.RuntimeInfo, error) {
	return &types.RuntimeInfo{Name: name, Version: &types.RuntimeVersion{Version: "1.0.0"}}, nil
}

func notePid(bundle string, pid int) error {
	return os.WriteFile(filepath.Join(bundle, pidFile), fmt.Append(nil, pid), 0o600)
}
