// nest-shim.ts, which loads Nest in the process that serves only: `start` and `delete` do without.
import { defineShim } from 'nestjs-ttrpc/containerd';

void defineShim({
  name: 'io.containerd.nest.v1',
  version: '1.0.0',
  runner: async () => (await import('./nest-processes.js')).processes(),
}).main();
