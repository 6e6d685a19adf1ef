// sample/nri-logger in Go, on NRI's own package for plugins: logs each container that is created or removed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/containerd/nri/pkg/api"
	"github.com/containerd/nri/pkg/stub"
)

type logger struct{}

func (logger) CreateContainer(_ context.Context, pod *api.PodSandbox, container *api.Container) (*api.ContainerAdjustment, []*api.ContainerUpdate, error) {
	fmt.Printf("%s/%s: %s is created\n", pod.Namespace, pod.Name, container.Name)
	return nil, nil, nil
}

func (logger) RemoveContainer(_ context.Context, pod *api.PodSandbox, container *api.Container) error {
	fmt.Printf("%s/%s: %s is removed\n", pod.Namespace, pod.Name, container.Name)
	return nil
}

func main() {
	flag.Parse()
	options := []stub.Option{stub.WithPluginName("logger"), stub.WithPluginIdx("10")}
	if flag.NArg() > 0 {
		options = append(options, stub.WithSocketPath(flag.Arg(0)))
	}
	plugin, err := stub.New(logger{}, options...)
	if err == nil {
		err = plugin.Run(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
