// A shim as that of sample/shim, with statistics.
import { defineShim, plainProcesses } from 'nestjs-ttrpc/containerd';

const stats = () => ({ type_url: 'io.containerd.cgroups.v2.Metrics', value: new Uint8Array() });

await defineShim({ name: 'io.containerd.stats.v1', runner: { ...plainProcesses(), stats } }).main();
