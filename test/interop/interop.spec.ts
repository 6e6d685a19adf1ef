import { cases } from './cases.js';
import { runCase } from './run-case.js';
import { runInEveryDirection } from './run-directions.js';

await runInEveryDirection({ title: 'Interoperability', cases, run: runCase, reportVariable: 'INTEROP_REPORT' });
