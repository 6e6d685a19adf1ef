import type { ServerCase } from '../../case.js';
import { attacks } from './attacks.js';
import { closing } from './closing.js';
import { deadlines } from './deadlines.js';
import { envelope } from './envelope.js';
import { flags } from './flags.js';
import { framing } from './framing.js';
import { ids } from './ids.js';
import { limits } from './limits.js';
import { order } from './order.js';
import { shapes } from './shapes.js';

/** All cases in which the runner is the client, by the area that they are about. */
export const serverCases: Record<string, ServerCase[]> = {
  framing,
  ids,
  envelope,
  shapes,
  limits,
  deadlines,
  closing,
  flags,
  order,
  attacks,
};
