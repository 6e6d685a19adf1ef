import type { Row } from '../model.js';
import { applicationRows, connectionRows } from './application-rows.js';
import { coresRow } from './cores-row.js';
import { streamRows } from './stream-rows.js';
import { agedRow, unaryRows } from './unary-rows.js';

/** Every row of the bench, in the order of the report. */
export const rows: Row[] = [...unaryRows, agedRow, ...streamRows, ...applicationRows, ...connectionRows, coresRow];
