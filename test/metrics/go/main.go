// Reads Prometheus' text format on standard input with Prometheus' own parser and linter, and writes what it has read as one
// line of JSON for each sample.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

type sample struct {
	Name   string            `json:"name"`
	Type   string            `json:"type"`
	Labels map[string]string `json:"labels"`
	Value  float64           `json:"value"`
	// Of histograms: calls up to each bound.
	Buckets map[string]uint64 `json:"buckets,omitempty"`
	Sum     float64           `json:"sum,omitempty"`
}

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		fail(err)
	}
	if slices.Contains(os.Args[1:], "-lint") {
		problems, err := promlint.New(bytes.NewReader(text)).Lint()
		if err != nil {
			fail(err)
		}
		for _, problem := range problems {
			fail(fmt.Errorf("%s: %s", problem.Metric, problem.Text))
		}
	}
	out := json.NewEncoder(os.Stdout)
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			each := sample{Name: name, Type: family.GetType().String(), Labels: map[string]string{}}
			for _, pair := range metric.GetLabel() {
				each.Labels[pair.GetName()] = pair.GetValue()
			}
			switch {
			case metric.Counter != nil:
				each.Value = metric.Counter.GetValue()
			case metric.Gauge != nil:
				each.Value = metric.Gauge.GetValue()
			case metric.Untyped != nil:
				each.Value = metric.Untyped.GetValue()
			case metric.Histogram != nil:
				each.Value = float64(metric.Histogram.GetSampleCount())
				each.Sum = metric.Histogram.GetSampleSum()
				each.Buckets = map[string]uint64{}
				for _, bucket := range metric.Histogram.GetBucket() {
					each.Buckets[fmt.Sprint(bucket.GetUpperBound())] = bucket.GetCumulativeCount()
				}
			}
			if err := out.Encode(each); err != nil {
				fail(err)
			}
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
