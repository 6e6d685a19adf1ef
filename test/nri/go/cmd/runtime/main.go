// A container runtime without containers: NRI's own runtime side (pkg/adaptation), told what to do by JSON lines on
// stdin. It answers `{"id":..}` lines on stdout, with "error" where that failed.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/containerd/nri/pkg/adaptation"
	"github.com/containerd/nri/pkg/api"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

type command struct {
	ID      int             `json:"id"`
	Op      string          `json:"op"`
	Request json.RawMessage `json:"request"`
}

var (
	outLock sync.Mutex
	out     = json.NewEncoder(os.Stdout)
)

func answer(fields map[string]any) {
	outLock.Lock()
	defer outLock.Unlock()
	if err := out.Encode(fields); err != nil {
		os.Exit(1)
	}
}

func main() {
	socket := flag.String("socket", "", "where plugins connect")
	plugins := flag.String("plugins", "/nonexistent", "folder of the plugins to start")
	config := flag.String("config", "/nonexistent", "folder of their configuration")
	pods := flag.Int("pods", 2, "pods that a plugin is synchronized with, each with one container")
	bytes := flag.Int("bytes", 0, "bytes of an annotation of each pod")
	requestMs := flag.Int("request-ms", 2000, "how long a plugin may take")
	flag.Parse()
	adaptation.SetPluginRequestTimeout(time.Duration(*requestMs) * time.Millisecond)
	// A busy machine may take its time to start a plugin.
	adaptation.SetPluginRegistrationTimeout(time.Minute)

	// What came of each Synchronize, in order.
	synced := make(chan map[string]any, 100)
	updates := make(chan []*api.ContainerUpdate, 100)
	sync := func(ctx context.Context, cb adaptation.SyncCB) error {
		var (
			sandboxes  []*api.PodSandbox
			containers []*api.Container
		)
		for i := range *pods {
			id := fmt.Sprintf("pod-%d", i)
			sandboxes = append(sandboxes, &api.PodSandbox{
				Id: id, Name: id, Namespace: "default", Annotations: map[string]string{"a": strings.Repeat("x", *bytes)},
			})
			containers = append(containers, &api.Container{Id: fmt.Sprintf("container-%d", i), PodSandboxId: id, State: api.ContainerState_CONTAINER_RUNNING})
		}
		updates, err := cb(ctx, sandboxes, containers)
		result := map[string]any{"updates": asJSON(updates)}
		if err != nil {
			result["failure"] = err.Error()
		}
		synced <- result
		return err
	}
	update := func(_ context.Context, list []*api.ContainerUpdate) ([]*api.ContainerUpdate, error) {
		updates <- list
		var failed []*api.ContainerUpdate
		for _, each := range list {
			if each.ContainerId == "missing" {
				failed = append(failed, each)
			}
		}
		return failed, nil
	}
	runtime, err := adaptation.New("test-runtime", "v1.2.3", sync, update,
		adaptation.WithSocketPath(*socket), adaptation.WithPluginPath(*plugins), adaptation.WithPluginConfigPath(*config))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := runtime.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if *plugins == "/nonexistent" {
		// The one at the start, with no plugin.
		<-synced
	}
	answer(map[string]any{"ready": true})

	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 16<<20)
	for lines.Scan() {
		var cmd command
		if err := json.Unmarshal(lines.Bytes(), &cmd); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go func() {
			result := map[string]any{"id": cmd.ID}
			switch cmd.Op {
			case "synced":
				for key, value := range <-synced {
					result[key] = value
				}
			case "updates":
				result["updates"] = asJSON(<-updates)
			default:
				response, err := relay(runtime, cmd)
				if err != nil {
					result["error"] = err.Error()
				} else {
					result["response"] = response
				}
			}
			answer(result)
		}()
	}
	runtime.Stop()
}

func relay(r *adaptation.Adaptation, cmd command) (json.RawMessage, error) {
	ctx := context.Background()
	switch cmd.Op {
	case "RunPodSandbox":
		req := &api.RunPodSandboxRequest{}
		return call(cmd, req, func() (proto.Message, error) { return &api.Empty{}, r.RunPodSandbox(ctx, req) })
	case "UpdatePodSandbox":
		req := &api.UpdatePodSandboxRequest{}
		return call(cmd, req, func() (proto.Message, error) { return r.UpdatePodSandbox(ctx, req) })
	case "PostUpdatePodSandbox":
		req := &api.PostUpdatePodSandboxRequest{}
		return call(cmd, req, func() (proto.Message, error) { return &api.Empty{}, r.PostUpdatePodSandbox(ctx, req) })
	case "StopPodSandbox":
		req := &api.StopPodSandboxRequest{}
		return call(cmd, req, func() (proto.Message, error) { return &api.Empty{}, r.StopPodSandbox(ctx, req) })
	case "RemovePodSandbox":
		req := &api.RemovePodSandboxRequest{}
		return call(cmd, req, func() (proto.Message, error) { return &api.Empty{}, r.RemovePodSandbox(ctx, req) })
	case "CreateContainer":
		req := &api.CreateContainerRequest{}
		return call(cmd, req, func() (proto.Message, error) { return r.CreateContainer(ctx, req) })
	case "PostCreateContainer":
		req := &api.PostCreateContainerRequest{}
		return call(cmd, req, func() (proto.Message, error) { return &api.Empty{}, r.PostCreateContainer(ctx, req) })
	case "StartContainer":
		req := &api.StartContainerRequest{}
		return call(cmd, req, func() (proto.Message, error) { return &api.Empty{}, r.StartContainer(ctx, req) })
	case "PostStartContainer":
		req := &api.PostStartContainerRequest{}
		return call(cmd, req, func() (proto.Message, error) { return &api.Empty{}, r.PostStartContainer(ctx, req) })
	case "UpdateContainer":
		req := &api.UpdateContainerRequest{}
		return call(cmd, req, func() (proto.Message, error) { return r.UpdateContainer(ctx, req) })
	case "PostUpdateContainer":
		req := &api.PostUpdateContainerRequest{}
		return call(cmd, req, func() (proto.Message, error) { return &api.Empty{}, r.PostUpdateContainer(ctx, req) })
	case "StopContainer":
		req := &api.StopContainerRequest{}
		return call(cmd, req, func() (proto.Message, error) { return r.StopContainer(ctx, req) })
	case "RemoveContainer":
		req := &api.RemoveContainerRequest{}
		return call(cmd, req, func() (proto.Message, error) { return &api.Empty{}, r.RemoveContainer(ctx, req) })
	default:
		return nil, fmt.Errorf("unknown op %q", cmd.Op)
	}
}

func call(cmd command, request proto.Message, do func() (proto.Message, error)) (json.RawMessage, error) {
	if len(cmd.Request) > 0 {
		if err := protojson.Unmarshal(cmd.Request, request); err != nil {
			return nil, err
		}
	}
	response, err := do()
	if err != nil {
		return nil, err
	}
	return protojson.Marshal(response)
}

func asJSON(updates []*api.ContainerUpdate) []json.RawMessage {
	list := []json.RawMessage{}
	for _, each := range updates {
		bytes, _ := protojson.Marshal(each)
		list = append(list, bytes)
	}
	return list
}
