// sample/shim, also as a snapshot.
import { startupSnapshot } from 'node:v8';
import { defineShim, plainProcesses } from 'nestjs-ttrpc/containerd';

const shim = defineShim({ name: 'io.containerd.nest.v1', version: '1.0.0', runner: () => plainProcesses() });

if (startupSnapshot.isBuildingSnapshot()) startupSnapshot.setDeserializeMainFunction(() => void shim.main());
else void shim.main();
