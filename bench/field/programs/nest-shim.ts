// sample/shim as a Nest application.
import { defineShim } from 'nestjs-ttrpc/containerd';
import { processes } from './nest-processes.js';

void defineShim({ name: 'io.containerd.nest.v1', version: '1.0.0', runner: processes }).main();
