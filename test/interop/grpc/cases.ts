import type { TestRequest } from '../peer.js';
import { limits } from '../limits.js';
import type { CaseCall, GrpcCase } from './case.js';

const OK = 0;
const CANCELLED = 1;
const UNKNOWN = 2;
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const UNIMPLEMENTED = 12;

const INPUT_SIZES = [27182, 8, 1828, 45904];
const OUTPUT_SIZES = [31415, 9, 2653, 58979];

const largeRequest: TestRequest = { payloadBytes: 271_828, responseSizes: [314_159] };

const METADATA = {
  'x-grpc-test-echo-initial': ['test_initial_metadata_value'],
  // The bytes ab ab ab: values of ttrpc's metadata are text, so they go as base64, which is also what gRPC writes.
  'x-grpc-test-echo-trailing-bin': ['q6ur'],
};

const GO_SENDS_NO_METADATA = { client: 'go', ...limits.goStreamMetadata } as const;
const RUST_GOES_ON = { server: 'rust', ...limits.rustStreamGoesOn } as const;

/** gRPC's own name for it: a call that fails with what its request asks for. */
function statusCall(rpc: 'UnaryCall' | 'FullDuplexCall', code: number, message: string): CaseCall {
  return {
    call: { rpc, requests: [{ status: { code, message } }] },
    expect: { status: code, message },
    differs:
      rpc === 'FullDuplexCall'
        ? [
            {
              server: 'rust',
              expect: { status: [code, INVALID_ARGUMENT], message: undefined },
              ...limits.rustNoLongerActive,
            },
          ]
        : [],
  };
}

/**
 * The cases of gRPC's "Interoperability Test Case Descriptions" that ttrpc can have, by their names there and with
 * their numbers. docs/maintainers/grpc-interop.md says which are missing and why.
 */
export const grpcCases: readonly GrpcCase[] = [
  {
    name: 'empty_unary',
    calls: [{ call: { rpc: 'EmptyCall', requests: [{}] }, expect: { status: OK, responses: [0] } }],
  },
  {
    name: 'large_unary',
    calls: [{ call: { rpc: 'UnaryCall', requests: [largeRequest] }, expect: { status: OK, responses: [314_159] } }],
  },
  {
    name: 'client_streaming',
    calls: [
      {
        call: { rpc: 'StreamingInputCall', requests: INPUT_SIZES.map((payloadBytes) => ({ payloadBytes })) },
        expect: { status: OK, responses: [0], aggregatedPayloadSize: 74_922 },
      },
    ],
  },
  {
    name: 'server_streaming',
    calls: [
      {
        call: { rpc: 'StreamingOutputCall', requests: [{ responseSizes: OUTPUT_SIZES }] },
        expect: { status: OK, responses: OUTPUT_SIZES },
      },
    ],
  },
  {
    name: 'ping_pong',
    calls: [
      {
        call: {
          rpc: 'FullDuplexCall',
          requests: OUTPUT_SIZES.map((size, index) => ({ responseSizes: [size], payloadBytes: INPUT_SIZES[index] })),
          lockstep: true,
        },
        expect: { status: OK, responses: OUTPUT_SIZES },
      },
    ],
  },
  {
    name: 'empty_stream',
    calls: [{ call: { rpc: 'FullDuplexCall', requests: [] }, expect: { status: OK, responses: [] } }],
  },
  {
    name: 'custom_metadata, UnaryCall',
    calls: [
      {
        call: { rpc: 'UnaryCall', requests: [largeRequest], metadata: METADATA },
        expect: { status: OK, responses: [314_159], echoed: METADATA },
      },
    ],
  },
  {
    name: 'custom_metadata, FullDuplexCall',
    calls: [
      {
        call: { rpc: 'FullDuplexCall', requests: [largeRequest], metadata: METADATA },
        expect: { status: OK, responses: [314_159], echoed: METADATA },
      },
    ],
    without: [GO_SENDS_NO_METADATA],
  },
  {
    name: 'status_code_and_message',
    calls: [
      statusCall('UnaryCall', UNKNOWN, 'test status message'),
      statusCall('FullDuplexCall', UNKNOWN, 'test status message'),
    ],
  },
  {
    name: 'special_status_message',
    calls: [
      statusCall('UnaryCall', UNKNOWN, '\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \u{1f608}\t\n'),
    ],
  },
  {
    name: 'unimplemented_method',
    calls: [{ call: { rpc: 'UnimplementedCall', requests: [{}] }, expect: { status: UNIMPLEMENTED } }],
  },
  {
    name: 'unimplemented_service',
    calls: [
      {
        call: { service: 'grpc.testing.UnimplementedService', rpc: 'UnimplementedCall', requests: [{}] },
        expect: { status: UNIMPLEMENTED },
        differs: [{ server: 'rust', expect: { status: INVALID_ARGUMENT }, ...limits.rustUnknownService }],
      },
    ],
  },
  {
    name: 'cancel_after_begin',
    leaves: [RUST_GOES_ON],
    calls: [
      {
        call: { rpc: 'StreamingInputCall', requests: [], keepOpen: true },
        cancel: 'after begin',
        expect: { status: CANCELLED },
      },
    ],
  },
  {
    name: 'cancel_after_first_response',
    leaves: [RUST_GOES_ON],
    calls: [
      {
        call: {
          rpc: 'FullDuplexCall',
          requests: [{ responseSizes: [31_415], payloadBytes: 27_182 }],
          keepOpen: true,
        },
        cancel: 'after the first response',
        expect: { status: CANCELLED, responses: [31_415] },
      },
    ],
  },
  {
    name: 'timeout_on_sleeping_server',
    without: [{ client: 'rust', server: 'rust', ...limits.rustStreamTimeout }],
    leaves: [RUST_GOES_ON],
    calls: [
      {
        call: { rpc: 'FullDuplexCall', requests: [{ payloadBytes: 27_182 }], keepOpen: true, timeoutMs: 1 },
        expect: { status: DEADLINE_EXCEEDED },
      },
    ],
  },
];
