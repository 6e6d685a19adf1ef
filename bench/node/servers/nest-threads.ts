import { serveComputing } from '../cores/computing-app.js';
import { ThreadPool } from '../cores/thread-pool.js';
import { serve } from '../serve.js';

/** One server whose calls compute for about 100 µs in a pool of threads. The number of threads follows the path. */
const pool = new ThreadPool(Number(process.argv[3] ?? 2));

serve((path) => serveComputing(path, (seed) => pool.run(seed)));
