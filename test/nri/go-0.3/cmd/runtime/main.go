// A container runtime without containers, as test/nri/go, with NRI 0.3: the version of containerd 1.7.0.
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

func respond(fields map[string]any) {
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
	requestMs := flag.Int("request-ms", 2000, "how long a plugin may take")
	flag.Parse()
	adaptation.SetPluginRequestTimeout(time.Duration(*requestMs) * time.Millisecond)
	// A busy machine may take its time to start a plugin.
	adaptation.SetPluginRegistrationTimeout(time.Minute)

	// What came of each Synchronize, in order.
	synced := make(chan map[string]any, 100)
	updates := make(chan []*api.ContainerUpdate, 100)
	sync := func(ctx context.Context, cb adaptation.SyncCB) error {
		pods := []*api.PodSandbox{{Id: "pod-0", Name: "pod-0", Namespace: "default"}}
		containers := []*api.Container{{Id: "container-0", PodSandboxId: "pod-0", State: api.ContainerState_CONTAINER_RUNNING}}
		updates, err := cb(ctx, pods, containers)
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
	if err == nil {
		err = runtime.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	respond(map[string]any{"ready": true})

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
			respond(result)
		}()
	}
	runtime.Stop()
}

// Most events come as StateChange in this version.
func relay(r *adaptation.Adaptation, cmd command) (json.RawMessage, error) {
	ctx := context.Background()
	switch cmd.Op {
	case "CreateContainer":
		req := &api.CreateContainerRequest{}
		return call(cmd, req, func() (proto.Message, error) { return r.CreateContainer(ctx, req) })
	case "UpdateContainer":
		req := &api.UpdateContainerRequest{}
		return call(cmd, req, func() (proto.Message, error) { return r.UpdateContainer(ctx, req) })
	case "StopContainer":
		req := &api.StopContainerRequest{}
		return call(cmd, req, func() (proto.Message, error) { return r.StopContainer(ctx, req) })
	}
	changes := map[string]func(context.Context, *api.StateChangeEvent) error{
		"RunPodSandbox":       r.RunPodSandbox,
		"StopPodSandbox":      r.StopPodSandbox,
		"RemovePodSandbox":    r.RemovePodSandbox,
		"PostCreateContainer": r.PostCreateContainer,
		"StartContainer":      r.StartContainer,
		"PostStartContainer":  r.PostStartContainer,
		"PostUpdateContainer": r.PostUpdateContainer,
		"RemoveContainer":     r.RemoveContainer,
	}
	change, ok := changes[cmd.Op]
	if !ok {
		return nil, fmt.Errorf("unknown op %q", strings.TrimSpace(cmd.Op))
	}
	req := &api.StateChangeEvent{}
	return call(cmd, req, func() (proto.Message, error) { return &api.Empty{}, change(ctx, req) })
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
