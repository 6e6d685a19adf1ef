import type { ClientCase } from '../../case.js';
import { accepts } from './accepts.js';
import { hostile } from './hostile.js';
import { sends } from './sends.js';

/** All cases in which the runner is the server, by the area that they are about. */
export const clientCases: Record<string, ClientCase[]> = {
  'what it sends': sends,
  'what it makes of what comes': accepts,
  'what it makes of a hostile server': hostile,
};
