import type { Sample } from '../model.js';
import type { Place } from '../results/ratio.js';

/** A ratio that CI watches. */
export interface Limit {
  what: string;
  field: keyof Sample;
  ours: Place;
  theirs: Place;
  bound: '>=' | '<=';
  limit: number;
}

/** The rows of the guard. */
export const UNARY = 'unary-64-x64';
export const DOWNLOAD = 'download-64';

const GO = 'go-ttrpc -> go-ttrpc';
const NEST = 'go-ttrpc -> nest-ttrpc';

/**
 * Wide enough for a busy machine, tight enough that a step more for each call shows. Most are CPU time: that says the
 * same on a shared machine, where throughput does not.
 */
export const limits: Limit[] = [
  {
    what: 'unary: server CPU, Nest strategy : bare Node floor',
    field: 'serverCpuUs',
    ours: [UNARY, NEST],
    theirs: [UNARY, 'go-ttrpc -> floor'],
    bound: '<=',
    limit: 3,
  },
  {
    what: 'unary: server CPU, engine alone : bare Node floor',
    field: 'serverCpuUs',
    ours: [UNARY, 'go-ttrpc -> engine'],
    theirs: [UNARY, 'go-ttrpc -> floor'],
    bound: '<=',
    limit: 2.3,
  },
  {
    what: 'unary: server CPU, Nest strategy : Go',
    field: 'serverCpuUs',
    ours: [UNARY, NEST],
    theirs: [UNARY, GO],
    bound: '<=',
    limit: 0.65,
  },
  {
    what: 'unary: client CPU against the Go server, Nest client : Go',
    field: 'clientCpuUs',
    ours: [UNARY, 'nest-ttrpc -> go-ttrpc'],
    theirs: [UNARY, GO],
    bound: '<=',
    limit: 0.8,
  },
  {
    what: 'server-streaming: server CPU, Nest strategy : Go',
    field: 'serverCpuUs',
    ours: [DOWNLOAD, NEST],
    theirs: [DOWNLOAD, GO],
    bound: '<=',
    // 0.22 to 0.34 from process to process of one and the same commit.
    limit: 0.42,
  },
];
