import { TtrpcException, TtrpcMethod, TtrpcService, TtrpcStatus } from 'nestjs-ttrpc';
import { Priority, type AddJobRequest, type WatchJobRequest } from './gen/demo/jobs/v1/jobs_pb.js';
import { Jobs } from './jobs.js';

const FIRST_ID = 2n ** 60n;

/** Its methods are held against the descriptor: a wrong request, response or shape does not compile. */
@TtrpcService(Jobs)
export class JobsController {
  private readonly priorities = new Map<bigint, Priority>();

  @TtrpcMethod()
  addJob({ displayName, priority }: AddJobRequest) {
    if (displayName === '') throw new TtrpcException(TtrpcStatus.INVALID_ARGUMENT, 'a job needs a name');
    const jobId = FIRST_ID + BigInt(this.priorities.size);
    this.priorities.set(jobId, priority);
    return { jobId };
  }

  @TtrpcMethod()
  async *watchJob({ jobId }: WatchJobRequest) {
    const priority = this.priorities.get(jobId);
    if (priority === undefined) throw new TtrpcException(TtrpcStatus.NOT_FOUND, `no job ${jobId}`);
    const step = priority === Priority.HIGH ? 50 : 25;
    for (let percent = step; percent <= 100; percent += step) yield { percent };
  }
}
