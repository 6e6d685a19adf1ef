import { fromProtobufEs } from 'nestjs-ttrpc/protobuf-es';
import { JobsService } from './gen/demo/jobs/v1/jobs_pb.js';

/** The service with its types, for server and client. */
export const Jobs = fromProtobufEs(JobsService);
