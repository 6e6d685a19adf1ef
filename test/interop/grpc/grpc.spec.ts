import { runInEveryDirection } from '../run-directions.js';
import { grpcCases } from './cases.js';
import { runGrpcCase } from './run-case.js';

await runInEveryDirection({
  title: "gRPC's interoperability cases",
  cases: grpcCases,
  run: runGrpcCase,
  reportVariable: 'GRPC_INTEROP_REPORT',
});
