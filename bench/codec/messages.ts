/** A message that is measured: its type, and its value in JSON's terms (64-bit integers as strings, enums by name). */
export interface Sample {
  readonly typeName: string;
  readonly value: object;
}

const PACKAGE = 'bench.codec';

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function bytes(length: number, seed: number): Buffer {
  return Buffer.from(times(length, (index) => (seed * 31 + index * 7) & 255));
}

const task = {
  containerId: 'f3b1c2d4e5a6978812345678',
  id: 'exec-17',
  pid: 48211,
  status: 'RUNNING',
  stdin: '/run/containerd/fifo/1/in',
  stdout: '/run/containerd/fifo/1/out',
  exitedAt: { seconds: '1764350000', nanos: 123456789 },
};

const cluster = {
  name: 'outbound|8080||reviews.default.svc.cluster.local',
  type: 'EDS',
  connectTimeout: { seconds: '10' },
  lbPolicy: 'LEAST_REQUEST',
  perConnectionBufferLimitBytes: 32768,
  maxRequestsPerConnection: '4294967295',
  metadata: { 'istio.io/host': 'reviews', 'istio.io/namespace': 'default' },
  endpoints: times(12, (index) => ({
    address: `10.0.${index}.17`,
    port: 8080 + index,
    discovery: 'STRICT_DNS',
    loadBalancingWeight: index + 1,
    metadata: { zone: 'eu-central-1a' },
  })),
  ringHash: { seconds: '1024', nanos: 7 },
  version: '1764350000123',
};

const traces = {
  resourceSpans: [
    {
      resource: [{ key: 'service.name', value: { stringValue: 'checkout' } }],
      spans: times(50, (index) => ({
        traceId: bytes(16, index),
        spanId: bytes(8, index),
        parentSpanId: bytes(8, index + 1),
        name: `GET /api/v1/orders/${index}`,
        kind: 'SERVER',
        startTimeUnixNano: `17643500001234567${10 + index}`,
        endTimeUnixNano: `17643500009876543${10 + index}`,
        attributes: [
          { key: 'http.request.method', value: { stringValue: 'GET' } },
          { key: 'http.response.status_code', value: { intValue: '200' } },
          { key: 'url.path', value: { stringValue: `/api/v1/orders/${index}` } },
          { key: 'server.address', value: { stringValue: 'orders.example.com' } },
          { key: 'network.protocol.version', value: { stringValue: '1.1' } },
          { key: 'cache.hit', value: { boolValue: true } },
          { key: 'duration.ms', value: { doubleValue: 12.75 + index } },
        ],
        events: [{ timeUnixNano: `17643500004444444${10 + index}`, name: 'exception' }],
      })),
    },
  ],
};

const search = {
  results: times(50, (index) => ({
    campaign: {
      resourceName: `customers/1234567890/campaigns/${index}`,
      id: `${90000000 + index}`,
      name: `Campaign ${index}`,
      status: 'RUNNING',
      startDate: '2026-01-01',
      targetCpa: 1.5,
    },
    metrics: {
      clicks: `${index * 13}`,
      impressions: `${index * 1300 + 5}`,
      costMicros: `${index * 1234567}`,
      ctr: 0.01 * index,
      averageCpc: 1.25,
      conversions: 3.5,
      interactions: '77',
    },
  })),
  totalResultsCount: '50',
};

/** What is measured, by the name that the table shows. */
export const SAMPLES: Readonly<Record<string, Sample>> = {
  Task: { typeName: `${PACKAGE}.Task`, value: task },
  Cluster: { typeName: `${PACKAGE}.Cluster`, value: cluster },
  'Traces, 50 spans': { typeName: `${PACKAGE}.Traces`, value: traces },
  'Search, 50 rows': { typeName: `${PACKAGE}.SearchResponse`, value: search },
};
