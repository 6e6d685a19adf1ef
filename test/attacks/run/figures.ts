import type { ServerStats } from '../../../src/index.js';

/** What the attacked process tells of itself; memory in bytes. */
export interface Figures {
  rss: number;
  heapUsed: number;
  external: number;
  /** Lines of its log since it has listened. */
  logLines: number;
  stats: ServerStats;
}
