import { parentPort } from 'node:worker_threads';
import { compute } from './compute.js';

parentPort?.on('message', (seed: number) => parentPort?.postMessage(compute(seed)));
