import type { Case } from './case.js';
import { closing } from './cases/closing.js';
import { concurrency } from './cases/concurrency.js';
import { deadlines } from './cases/deadlines.js';
import { metadata } from './cases/metadata.js';
import { payloads } from './cases/payloads.js';
import { shapes } from './cases/shapes.js';
import { failures, statuses } from './cases/statuses.js';
import { unknown } from './cases/unknown.js';

/** Every case; each runs in every direction that it does not exclude with a reason. */
export const cases: readonly Case[] = [
  ...shapes,
  ...payloads,
  ...statuses,
  ...failures,
  ...metadata,
  ...deadlines,
  ...unknown,
  ...concurrency,
  ...closing,
];
